"""The live table of a stack's events, on a terminal that is small."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from generator.cli.invocation import Invocation
from generator.cli.progress import show_events
from generator.model.stack import StackEvent, StackStatus

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def event(name: str, status: str) -> StackEvent:
    return StackEvent(name + status, "stack", name, name, "AWS::SecretsManager::Secret", StackStatus(status), "", BEGAN)


def small(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Eight lines of sixty signs."""
    made = Terminal()
    monkeypatch.setattr("sys.stderr", made)
    for name, value in (("TERM", "xterm"), ("COLUMNS", "60"), ("LINES", "8"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    return made


def test_what_goes_on_is_seen_on_a_terminal_with_fewer_lines_than_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, seen = small(monkeypatch), list[str]()

    def events() -> Iterator[StackEvent]:
        for number in range(12):
            yield event(f"Resource{number}", "CREATE_COMPLETE")
        yield event("LastOfAll", "CREATE_IN_PROGRESS")
        seen.append(terminal.getvalue())
        yield event("LastOfAll", "CREATE_COMPLETE")

    show_events(events(), Invocation("up").say)
    assert "LastOfAll" in seen[0], "what is under way is drawn while it is"
    after = terminal.getvalue().removeprefix(seen[0])
    assert "Resource0 " not in seen[0][seen[0].find("LastOfAll") :] and "Resource0 " in after, "at the end all are"


def test_a_narrow_terminal_cuts_types_and_neither_names_nor_states(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = small(monkeypatch)
    show_events(iter([event("SupportCredentialsSecret", "UPDATE_IN_PROGRESS")]), Invocation("up").say)
    shown = terminal.getvalue()
    assert "SupportCredentialsSecret" in shown and "UPDATE_IN_PROGRESS" in shown
    assert "AWS::SecretsManager::Secret" not in shown
