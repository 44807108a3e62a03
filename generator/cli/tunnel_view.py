"""Tunnels as they run: ready lines once, then a live line each at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from generator.cli import render, session_text
from generator.cli.callers import SessionInvocation
from generator.cli.sanitize import drawn
from generator.model.connect import accepted_line
from generator.model.forward import unreachable

if TYPE_CHECKING:
    from rich.live import Live

    from generator.cli.invocation import Invocation
    from generator.model.connect import TunnelView


class TunnelScreen(SessionInvocation):
    """Shows tunnels on stderr. `live` is for a terminal that nothing else writes to. Closed at the block's end."""

    def __init__(self, call: Invocation, *, live: bool) -> None:
        super().__init__(call)
        self._each_connection = live
        self._is_live = live and sys.stderr.isatty()
        self._live: Live | None = None
        self._unreachable: set[str] = set()

    def __enter__(self) -> TunnelScreen:
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def opened(self, tunnels: Sequence[TunnelView]) -> None:
        """Print where to connect to."""
        for view in tunnels:
            self.say(session_text.ready_line(view))
        if self._is_live:
            from rich.console import Console
            from rich.live import Live

            self.say("Ctrl-C ends it.")
            self._live = Live(console=Console(stderr=True, highlight=False), auto_refresh=False, transient=True)
            self._live.start()

    def accepted(self, port: int, session_id: str) -> None:
        """Print a line for the connection, unless a command runs that makes it."""
        if self._each_connection:
            self.say(accepted_line(port, session_id))

    def tick(self, tunnels: Sequence[TunnelView]) -> None:
        """Print the figures in place of the last ones, and once for each far end that it could not be reached."""
        for far_end in dict.fromkeys(view.far_end for view in tunnels if view.refused):
            if far_end not in self._unreachable:
                self._unreachable.add(far_end)
                self.say(unreachable(far_end))
        if self._live:
            from rich.text import Text

            rows = [session_text.tunnel_row(view) for view in tunnels]
            self._live.update(Text(drawn(render.table(rows), sys.stderr)), refresh=True)
