"""How far something is: events as they come, in plain lines or a live table at a terminal, and lines now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from generator.cli.sanitize import harmless
from generator.cli.stack_text import event_line

if TYPE_CHECKING:
    from rich.table import Table

    from generator.model.stack import StackEvent

NAME_WIDTH = 30  # longer names are cut where the terminal is narrow
Rows = dict[str, "tuple[StackEvent, float, float | None]"]
"""By resource: its last event, when its first one came, and when it ended."""
# CloudFormation's second CREATE_IN_PROGRESS of each resource: it adds nothing to the first one.
REPEATED_REASON = "Resource creation Initiated"


FIRST, EVERY = 1.0, 5.0
"""Seconds until the first line of how far something is, and from line to line."""


class LinesNowAndThen:
    """Says how far something is, seconds apart, and nothing of what is done at once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._due = say, time.monotonic() + FIRST

    def show(self, done: str, count: int, total: int, unit: str) -> None:
        """Say what was `done` with how many units of all, if a line is due; the end is for the result to say."""
        now = time.monotonic()
        if count < total and now >= self._due:
            self._due = now + EVERY
            self._say(f"{done} {count:,} of {total:,} {unit}.")


def show_events(events: Iterable[StackEvent], say: Callable[[str], None]) -> None:
    """Show the events of an operation until it ends: with `say` one line each, or live at a terminal."""
    if sys.stderr.isatty():
        _live(events)
        return
    for event in events:
        if event.reason != REPEATED_REASON:
            say(event_line(event))


def _live(events: Iterable[StackEvent]) -> None:
    """One row per resource: its state now, and for how long it has been at it."""
    from rich.console import Console
    from rich.live import Live

    rows: Rows = {}
    console, over = Console(stderr=True), False

    def picture() -> Table:
        return _table(rows if over else _fitting(rows, console.size.height - 1))

    with Live(console=console, refresh_per_second=4, get_renderable=picture) as live:
        for event in events:
            now = time.monotonic()
            began = rows[event.logical_id][1] if event.logical_id in rows else now
            rows[event.logical_id] = (event, began, None if event.status.in_progress else now)
            live.refresh()
        over = True  # what scrolls by at the end may be longer than the terminal


def _fitting(rows: Rows, height: int) -> Rows:
    """As many rows as the terminal has lines: those that are done make room first, the earliest before the others."""
    done = [name for name, (event, _, ended) in rows.items() if ended is not None and not event.status.failed]
    gone = set(done[: max(len(rows) - height, 0)])
    return {name: row for name, row in rows.items() if name not in gone}


def _table(rows: Rows) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    names = min(max(map(len, rows), default=0), NAME_WIDTH)
    states = max((len(event.status) for event, _, _ in rows.values()), default=0)
    for width in (names, None, states, len("00000 s"), None):  # a narrow terminal cuts the types
        table.add_column(no_wrap=width is not None, min_width=width)
    for name, (event, began, ended) in rows.items():
        color = "red" if event.status.failed else "yellow" if event.status.in_progress else "green"
        elapsed = f"{(ended or time.monotonic()) - began:5.0f} s"
        reason = harmless(event.reason) if event.status.failed else ""
        kind = Text(event.resource_type, "dim", no_wrap=True, overflow="ellipsis")
        table.add_row(Text(name), kind, Text(event.status, color), elapsed, Text(reason))
    return table
