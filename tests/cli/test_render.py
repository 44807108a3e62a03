"""What a terminal is given: text, and no orders from somebody else."""

import io
from datetime import UTC, datetime

import pytest

from generator.cli import render
from generator.cli.invocation import Invocation
from generator.cli.progress import show_events
from generator.cli.tunnel_view import TunnelScreen
from generator.errors import DeployerError
from generator.model.connect import TunnelView
from generator.model.stack import StackEvent, StackStatus


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_reason_from_elsewhere_cannot_command_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = Terminal(), Terminal()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr("sys.stderr", err)
    render.result(Invocation("sessions"), [], ["a\tb\r", "\x1b]52;c;eA==\x07 \x9b2J", "ü"])
    render.error(Invocation("sessions"), DeployerError("There is no \x1b[8mhidden.", "Look:\rhere"))
    Invocation("up").say("reason: \x1b[2K\rok\nok  all is well \u202etxt")
    assert out.getvalue() == "a\tb\n\\x1b]52;c;eA==\\x07 \\x9b2J\nü\n"
    assert err.getvalue().splitlines() == [
        "error: There is no \\x1b[8mhidden.",
        "  next: Look:\\x0dhere",
        "reason: \\x1b[2K\\x0dok\\nok  all is well \\u202etxt",
    ]


def test_a_name_with_a_line_end_makes_no_row_of_its_own() -> None:
    rows = [("ok", "name\nFAIL"), ("ok", "b")]
    assert render.table(rows) == ["ok  name FAIL", "ok  b"]


def test_what_is_drawn_live_is_text_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of events and the tunnels' figures go through rich, which obeys escapes and reads [markup]."""
    drawn = Terminal()
    monkeypatch.setattr("sys.stderr", drawn)
    for name, value in (("TERM", "xterm"), ("COLUMNS", "200"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    status, began = StackStatus("CREATE_FAILED"), datetime(2026, 1, 1, tzinfo=UTC)
    event = StackEvent("1", "stack", "Host", "i-1", "AWS::EC2::Instance", status, "\x1b]0;title\x07", began)
    show_events(iter([event]), Invocation("up").say)
    view = TunnelView("localhost:1", "host[red]:2\x1b]0;title\x07")
    with TunnelScreen(Invocation("connect"), live=True) as screen:
        screen.opened([view])
        screen.tick([view])
    assert "\x1b]0;title" not in drawn.getvalue()
    assert "\\x1b]0;title" in drawn.getvalue() and "host[red]:2\\x1b]0;title\\x07  0 B up" in drawn.getvalue()


def test_a_file_gets_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr("sys.stdout", out)
    render.result(Invocation("run"), [], ["\x1b[1mbold\x1b[0m"])
    assert out.getvalue() == "\x1b[1mbold\x1b[0m\n"
