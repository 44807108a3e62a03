"""What all tests share: an example of hypothesis may take as long as the machine needs; nothing here is timed.

Nor is anything in colour, so that a test at a terminal reads words; tests/cli/test_color.py turns it on again.
"""

import os

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

os.environ["NO_COLOR"] = "1"
