"""What all tests share: an example of hypothesis may take as long as the machine needs; nothing here is timed.

Nor is anything in colour, so that a test at a terminal reads words; tests/cli/test_color.py turns it on again. What
commands cache stays in a folder of this run, and not in that of whoever runs it.
"""

import atexit
import os
import shutil
import tempfile

from hypothesis import settings

from tests import botocore_once

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
botocore_once.install()

os.environ["NO_COLOR"] = "1"
if "PYTEST_XDIST_WORKER" not in os.environ:  # a worker is given its controller's
    os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="deployer-tests-cache-")
    atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)
