"""python -m generator: the same as the console script."""

from generator.cli.main import entry

entry()
