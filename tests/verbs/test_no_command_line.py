"""The tests here are a second caller of the verbs: they run without the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.test_rooms import imported_names

HERE = Path(__file__).parent
LOADED = """
import sys
from tests.verbs import conftest, {modules}
from generator.operations import sandbox
print([name for name in sys.modules if name.startswith("generator.cli")])
"""


def test_no_test_of_a_verb_loads_the_command_line() -> None:
    modules = ", ".join(path.stem for path in HERE.glob("test_*.py") if path != Path(__file__))
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(modules=modules)],
        cwd=HERE.parents[1], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_no_test_of_a_verb_types_a_command() -> None:
    for path in HERE.glob("*.py"):
        assert not imported_names(path.read_text()) & {"tests.embedded.run", "tests.embedded.Deployer"}, path.name
