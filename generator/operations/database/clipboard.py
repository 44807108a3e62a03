"""A token on the clipboard, for as long as it is needed and no longer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from generator.host.clipboard import copy
from generator.host.programs import ending_politely


def _unsaid(line: str) -> None:
    """Nobody listens."""


@contextmanager
def holding(token: str, say: Callable[[str], None] = _unsaid) -> Iterator[None]:
    """Have the token on the clipboard during the block; take it away after, unless something else is there by then.

    `say` is told what became of it. An empty token leaves the clipboard alone. Raises NotFound without a clipboard.
    """
    if not token:
        yield
        return
    held = copy(token)
    try:
        with ending_politely():
            yield
    finally:
        cleared = held.clear()
        say("The clipboard is empty again." if cleared else "The clipboard holds something else by now, and was left.")
