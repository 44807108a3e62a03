"""What a terminal is given: text, and no orders from somebody else."""

import io

import pytest

from generator.cli import render
from generator.cli.invocation import Invocation
from generator.errors import DeployerError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_reason_from_elsewhere_cannot_command_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = Terminal(), Terminal()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr("sys.stderr", err)
    render.result(Invocation("sessions"), [], ["a\tb\r", "\x1b]52;c;eA==\x07 \x9b2J", "ü"])
    render.error(Invocation("sessions"), DeployerError("There is no \x1b[8mhidden.", "Look:\rhere"))
    assert out.getvalue() == "a\tb\n\\x1b]52;c;eA==\\x07 \\x9b2J\nü\n"
    assert err.getvalue() == "error: There is no \\x1b[8mhidden.\n  next: Look:\\x0dhere\n"


def test_a_file_gets_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr("sys.stdout", out)
    render.result(Invocation("run"), [], ["\x1b[1mbold\x1b[0m"])
    assert out.getvalue() == "\x1b[1mbold\x1b[0m\n"
