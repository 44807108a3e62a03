"""The demo: what it shows of each command, where it stops, and what it leaves to look at."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from generator.errors import DeployerError
from generator.operations import demo

DEPLOYER = str(Path(sys.executable).with_name("deployer"))


class Screen:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, sentence: str = "") -> None:
        self.lines.append(sentence)

    def waiting(self) -> AbstractContextManager[object]:
        return nullcontext()


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    """A program in the place of deployer: it says three lines, the last one on stderr, and ends with its code."""
    says = "import sys; print('state  good'); print('x' * 200); print('why', file=sys.stderr); sys.exit({})"
    monkeypatch.setattr(demo, "own_command", lambda code: [sys.executable, "-c", says.format(code)])
    yield Screen()


def staged(screen: Screen, code: int, expected: int, full: bool = False) -> list[str]:
    stage = demo._Stage(screen, full)
    step = demo.Step((str(code),), (r"^state", r"^x"), "The state.", expected)
    try:
        stage.show(step)
    finally:
        screen.lines = screen.lines[1:]
    return screen.lines


def test_only_what_matters_is_shown_and_it_fits(screen: Screen) -> None:
    assert staged(screen, 0, 0) == ["# 1. The state.", "$ deployer 0", "state  good", "x" * 99 + "…"]


def test_a_denial_stands_out(screen: Screen) -> None:
    assert staged(screen, 3, 3)[-1] == "  DENIED  by AWS, as it should be"


def test_everything_is_shown_on_request(screen: Screen) -> None:
    assert staged(screen, 0, 0, full=True)[2:4] == ["state  good", "x" * 200] and "why" in screen.lines


@pytest.mark.parametrize(("code", "expected"), [(0, 3), (3, 0), (4, 3)])
def test_a_step_that_ends_otherwise_stops_the_demo_and_shows_why(screen: Screen, code: int, expected: int) -> None:
    with pytest.raises(DeployerError, match=f"exited with {code} instead of {expected}"):
        staged(screen, code, expected)
    assert "why" in screen.lines and not any("DENIED" in line for line in screen.lines)


def test_kept_it_stops_while_the_vendor_has_access(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DEPLOYER_"))}
    env = {**kept, "HOME": str(tmp_path), "TMPDIR": str(tmp_path), "DEPLOYER_SANDBOX_STEP": "0"}
    done = subprocess.run([DEPLOYER, "demo", "--keep"], env=env, capture_output=True, text=True, check=True)
    [home] = re.findall(r"export DEPLOYER_SANDBOX_HOME=(\S+)", done.stdout)
    env["DEPLOYER_SANDBOX_HOME"] = home
    try:
        shown = subprocess.run([DEPLOYER, "--sandbox", "access", "show"], env=env, capture_output=True, text=True)
        assert "granted to   arn:aws:iam::444455556666:role/deepsql-support" in shown.stdout, shown.stderr
        assert "# 4. " in done.stderr and "# 5. " not in done.stderr and "checks proven" not in done.stdout
    finally:
        subprocess.run([DEPLOYER, "sandbox", "stop"], env=env, check=True, capture_output=True)
