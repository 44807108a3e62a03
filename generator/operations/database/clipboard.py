"""A token on the clipboard, no longer than it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from generator.host.clients import ending_politely
from generator.host.clipboard import copy


def _ignore(line: str) -> None:
    """Drop the line."""


@contextmanager
def holding(token: str, say: Callable[[str], None] = _ignore) -> Iterator[None]:
    """Keep the token on the clipboard while the block runs; clear it afterwards, unless it has other content by then.

    `say` gets the outcome. An empty token leaves the clipboard alone. Raises NotFound without a clipboard.
    """
    if not token:
        yield
        return
    copied = copy(token)
    try:
        with ending_politely():
            yield
    finally:
        cleared = copied.clear()
        say("The clipboard was cleared." if cleared else "The clipboard has other content by now and was not cleared.")
