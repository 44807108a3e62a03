"""python -m generator: the same as the console script."""

import sys

if not sys.flags.safe_path:
    del sys.path[0]  # the current folder: nothing in it is ours

from generator.cli.main import entry

entry()
