"""Events as they come: plain lines, or a live table at a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from generator.cli.stack_text import event_line
from generator.cli.terminal import harmless

if TYPE_CHECKING:
    from rich.table import Table

    from generator.cli.invocation import Invocation
    from generator.model.stack import StackEvent

# CloudFormation's second CREATE_IN_PROGRESS of each resource: it tells no more than the first one.
ALREADY_SAID = "Resource creation Initiated"


def show_events(call: Invocation, events: Iterator[StackEvent]) -> None:
    """Show the events of an operation until it ends. Ctrl-C leaves the stack going, and says so."""
    try:
        if sys.stderr.isatty():
            _live(events)
        else:
            for event in events:
                if event.reason != ALREADY_SAID:
                    call.say(event_line(event))
    except KeyboardInterrupt:
        call.say("")
        call.say(f"The stack {call.stack_name} goes on without this command.")
        call.say(f"  follow it: deployer events --follow --stack-name {call.stack_name}")
        call.say(f"  join it:   deployer up --stack-name {call.stack_name}   (the same command again)")
        call.say(f"  stop it:   aws cloudformation cancel-update-stack --stack-name {call.stack_name}   (updates only)")
        raise


def _live(events: Iterator[StackEvent]) -> None:
    """One row per resource: its state now, and for how long it has been at it."""
    from rich.console import Console
    from rich.live import Live

    rows: dict[str, tuple[StackEvent, float, float | None]] = {}
    with Live(console=Console(stderr=True), refresh_per_second=4, get_renderable=lambda: _table(rows)) as live:
        for event in events:
            now = time.monotonic()
            began = rows[event.logical_id][1] if event.logical_id in rows else now
            rows[event.logical_id] = (event, began, None if event.status.in_progress else now)
            live.refresh()


def _table(rows: dict[str, tuple[StackEvent, float, float | None]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    for name, (event, began, ended) in rows.items():
        color = "red" if event.status.failed else "yellow" if event.status.in_progress else "green"
        elapsed = f"{(ended or time.monotonic()) - began:5.0f} s"
        reason = harmless(event.reason) if event.status.failed else ""
        table.add_row(Text(name), Text(event.resource_type, "dim"), Text(event.status, color), elapsed, Text(reason))
    return table
