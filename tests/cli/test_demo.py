"""The demo: what it shows of each command, where it stops, and what it leaves to look at."""

import math
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TextIO
from unittest.mock import Mock

import pytest

from generator.cli.demo_commands import _next_steps
from generator.cli.main import main
from generator.cli.width import fitted
from generator.errors import DeployerError
from generator.host import this_program
from generator.operations import demo

DEPLOYER = str(Path(sys.executable).with_name("deployer"))


class Screen:
    columns = 0

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


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
@pytest.mark.parametrize("arn", ["arn:aws:iam::444455556666:role/deepsql-support", "arn:aws:iam::1:" + "x" * 90])
def test_a_command_is_shown_whole_so_that_it_can_be_copied(arn: str, width: int) -> None:
    argv = ("access", "grant", "--for", "8h", "--reason", "a ticket", "--yes", "--principal", arn)
    lines = demo.command_lines(argv, width)
    shown = [part for line in lines for part in fitted(line, width)]  # as a terminal of that width has it
    assert shlex.split("\n".join(shown).replace("\\\n", " ")) == ["$", "deployer", *argv]
    assert all(arn in line for line in lines if len(line) > width)


def test_one_that_fits_is_one_line() -> None:
    assert demo.command_lines(("access", "revoke", "--all", "--yes"), 100) == ["$ deployer access revoke --all --yes"]


def test_a_narrow_terminal_cuts_output_at_its_width(screen: Screen) -> None:
    screen.columns = 60
    assert staged(screen, 0, 0)[-1] == "x" * 59 + "…"


def test_a_denial_stands_out(screen: Screen) -> None:
    assert staged(screen, 3, 3)[-1] == "  DENIED  by the policies, as it should be"


def test_everything_is_shown_on_request(screen: Screen) -> None:
    assert staged(screen, 0, 0, full=True)[2:4] == ["state  good", "x" * 200] and "why" in screen.lines


@pytest.mark.parametrize(("code", "expected"), [(0, 3), (3, 0), (4, 3)])
def test_a_step_that_ends_otherwise_stops_the_demo_and_shows_why(screen: Screen, code: int, expected: int) -> None:
    with pytest.raises(DeployerError, match=f"exited with {code} instead of {expected}"):
        staged(screen, code, expected)
    assert "why" in screen.lines and not any("DENIED" in line for line in screen.lines)


def test_the_whole_story_fits_ninety_lines_of_a_hundred_columns(tmp_path: Path) -> None:
    env = {**without_sandbox(), "HOME": str(tmp_path), "TMPDIR": str(tmp_path), "DEPLOYER_SANDBOX_STEP": "0"}
    done = subprocess.run([DEPLOYER, "demo"], env=env, capture_output=True, text=True, check=True)
    lines = [*done.stderr.splitlines(), *done.stdout.splitlines()]
    assert sum(max(1, math.ceil(len(line) / 100)) for line in lines) <= 90
    told = [line for line in lines if line.startswith(("# ", "  DENIED", "  ended"))]
    assert len(told) == 10 and not any("AWS" in line for line in told)  # nothing here is AWS's word
    typed = re.findall(r"^\$ (?:.*\\\n)*.*$", done.stderr, re.MULTILINE)
    assert len(typed) == 8 and not any("…" in command for command in typed)
    assert shlex.split(typed[1].replace("\\\n", " "))[-1].startswith("arn:aws:secretsmanager:")


def without_sandbox() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DEPLOYER_"))}


STORED = 'stack-name = "other"\nprofile = "nope"\nenvironment = "e"\n[environments.e]\nstack-name = "third"\n'


def pasted(lines: str, env: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """The lines of a result that are to be typed, in one shell that begins as the one in which the demo was run."""
    typed = "\n".join(re.findall(r"^  ((?:export|eval|unset|/|deployer ).*)$", lines, re.MULTILINE))
    return subprocess.run(["bash", "-ec", typed], env=env, cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("stored", [False, True])
def test_kept_it_stops_while_the_vendor_has_access_and_what_it_names_works_as_pasted(
    stored: bool, tmp_path: Path
) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()
    env = {**without_sandbox(), "HOME": str(folder), "TMPDIR": str(folder), "DEPLOYER_SANDBOX_STEP": "0"}
    env["PATH"] = "/usr/bin:/bin"
    if stored:
        (folder / ".deployer.toml").write_text(STORED)
        (folder / ".config" / "deployer").mkdir(parents=True)
        (folder / ".config" / "deployer" / "config.toml").write_text(STORED)
        env |= {"DEPLOYER_STACK_NAME": "mine", "DEPLOYER_ENV": "none"}
    done = subprocess.run([DEPLOYER, "demo", "--keep"], env=env, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "# 4. " in done.stderr and "# 5. " not in done.stderr and "checks proven" not in done.stdout
    shown = pasted(done.stdout, env, folder)
    assert shown.returncode == 0, shown.stderr
    assert "granted to   arn:aws:iam::444455556666:role/deepsql-support" in shown.stdout
    assert "Access is revoked" in shown.stdout and "is deleted" in shown.stdout
    assert not list(folder.glob("deployer-demo-*"))


def test_what_comes_next_works_as_pasted(tmp_path: Path) -> None:
    env = {**without_sandbox(), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    lines = _next_steps(demo.DemoResult(1, 1, 1, 1, program=DEPLOYER, tutorial=str(demo.TUTORIAL)))
    assert demo.TUTORIAL.is_file() and str(demo.TUTORIAL) in "\n".join(lines)
    try:
        shown = pasted("\n".join([*lines, f"  {DEPLOYER} access show --stack-name none"]), env, tmp_path)
        assert "There is no stack none" in shown.stderr, shown.stderr
    finally:
        subprocess.run([DEPLOYER, "sandbox", "stop"], env=env, check=True, capture_output=True)


@pytest.mark.parametrize("option", ["--stack-name", "--profile", "--region", "--env"])
def test_no_other_place_is_taken(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", option, "x"]) == 2
    assert f"The demo takes no {option}: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("ends", "keep", "kept"),
    [
        (demo.StepFailed("stopped", "hint"), True, True),
        (demo.StepFailed("stopped", "hint"), False, False),
        (KeyboardInterrupt(), True, False),
        (KeyboardInterrupt(), False, False),
        (DeployerError("not started"), True, False),
    ],
)
def test_a_story_that_ends_early_leaves_no_folder_that_it_does_not_name(
    ends: BaseException, keep: bool, kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = Mock()
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(demo.tempfile, "mkdtemp", lambda prefix: str(tmp_path / "it's"))
    monkeypatch.setattr(demo, "sandbox", Mock(stop=stopped))
    monkeypatch.setattr(demo, "story", Mock(side_effect=ends))
    (tmp_path / "it's").mkdir()
    with pytest.raises(type(ends)) as raised:
        demo.run(Screen(), keep)
    assert (tmp_path / "it's").exists() == kept and stopped.called != kept
    if kept:
        assert isinstance(raised.value, DeployerError)
        removing = raised.value.hint.rpartition("Remove it: ")[2]
        assert shlex.split(removing)[-1] == str(tmp_path / "it's") and "sandbox stop && rm -r" in removing


@pytest.mark.parametrize("at", ["stop", "rmtree"])
@pytest.mark.parametrize("ends", [KeyboardInterrupt(), DeployerError("The sandbox does not stop.")])
def test_what_ends_the_removal_early_says_what_stays(
    at: str, ends: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo.sandbox if at == "stop" else demo.shutil, at, Mock(side_effect=ends))
    if at == "rmtree":
        monkeypatch.setattr(demo.sandbox, "stop", Mock())
    screen = Screen()
    with pytest.raises(type(ends)):
        demo._remove(screen, tmp_path / "it's")
    [line] = screen.lines
    assert shlex.split(line.rpartition("to remove it: ")[2])[-2:] == ["-rf", str(tmp_path / "it's")]


SLOW = """
import sys, time
from generator.cli.main import main
from generator.operations import sandbox
stop = sandbox.stop
def slowly():
    print("stopping", file=sys.stderr, flush=True)
    time.sleep(60)
sandbox.stop = slowly
sys.exit(main(["demo"]))
"""


def test_a_second_ctrl_c_ends_the_removal_at_once_and_names_the_command_that_removes_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()
    env = {**without_sandbox(), "HOME": str(folder), "TMPDIR": str(folder), "DEPLOYER_SANDBOX_STEP": "0"}
    env["PATH"] = "/usr/bin:/bin"
    command = [sys.executable, "-c", SLOW]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stderr
        until("# 1.", process.stderr)
        os.killpg(process.pid, signal.SIGINT)
        until("stopping", process.stderr)
        os.killpg(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=10)
    assert process.returncode == 130 and told.splitlines()[-1] == "Interrupted."
    assert list(folder.glob("deployer-demo-*")), "the first Ctrl-C removes nothing while the sandbox stops"
    [line] = [line for line in told.splitlines() if "to remove it: " in line]
    removal = line.rpartition("to remove it: ")[2]
    subprocess.run(["bash", "-ec", removal], env=env, cwd=folder, check=True, capture_output=True)
    assert not list(folder.glob("deployer-demo-*"))
    subprocess.run(["bash", "-ec", removal], env=env, cwd=folder, check=True, capture_output=True)  # nothing is left


def until(text: str, lines: TextIO) -> None:
    assert any(text in line for line in lines), f"{text} was not said"


@pytest.mark.parametrize(("where", "name"), [("own", "deployer"), ("another", DEPLOYER), ("nowhere", DEPLOYER)])
def test_the_program_is_named_as_this_shell_finds_it(
    where: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if where == "own":
        (tmp_path / "deployer").symlink_to(DEPLOYER)
    if where == "another":
        (tmp_path / "deployer").write_text("#!/bin/sh\n")
        (tmp_path / "deployer").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert this_program.typed() == shlex.quote(name)
