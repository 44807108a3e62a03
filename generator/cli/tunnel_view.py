"""Tunnels as they run: ready lines once, then a live line each at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from generator.cli import render, session_text
from generator.cli.sanitize import harmless

if TYPE_CHECKING:
    from rich.live import Live

    from generator.cli.invocation import Invocation
    from generator.operations.sessions.connect_plan import TunnelView


class TunnelScreen:
    """Shows tunnels on stderr. `live` is for a terminal that nothing else writes to."""

    def __init__(self, call: Invocation, *, live: bool) -> None:
        self._call = call
        self._wanted = live and sys.stderr.isatty()
        self._live: Live | None = None

    def opened(self, tunnels: Sequence[TunnelView]) -> None:
        """Say where to connect to."""
        for view in tunnels:
            self._call.say(session_text.ready_line(view))
        if self._wanted:
            from rich.console import Console
            from rich.live import Live

            self._call.say("Ctrl-C ends it.")
            self._live = Live(console=Console(stderr=True, highlight=False), auto_refresh=False, transient=True)
            self._live.start()

    def tick(self, tunnels: Sequence[TunnelView]) -> None:
        """Write the figures over the last ones."""
        if self._live:
            from rich.text import Text

            rows = [session_text.tunnel_row(view) for view in tunnels]
            self._live.update(Text("\n".join(map(harmless, render.table(rows)))), refresh=True)

    def say(self, line: str = "") -> None:
        """A line of the story."""
        self._call.say(line)

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._live:
            self._live.stop()
