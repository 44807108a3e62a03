"""A token on the clipboard, for as long as it is needed and no longer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from generator.host.clipboard import copy


@contextmanager
def holding(token: str) -> Iterator[None]:
    """Have the token on the clipboard during the block; take it away after, unless something else is there by then.

    An empty token leaves the clipboard alone. Raises NotFound without a clipboard.
    """
    if not token:
        yield
        return
    held = copy(token)
    try:
        yield
    finally:
        held.clear()
