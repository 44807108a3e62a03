"""What a terminal is given: text, and no orders. The one place through which text from elsewhere reaches a screen.

A tag, a session's reason, an event or a host's output may come from somebody who would like to move the cursor, hide a
line or turn one around. At a terminal such characters (orders.py) are seen and not obeyed; a file or a pipe gets every
character as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TextIO

from generator.cli.color import colored
from generator.cli.columns import Row
from generator.cli.orders import ORDERS
from generator.cli.width import columns_of, fitted

_CLEAR = "\033[H\033[2J"


def visible(text: str | Sequence[str], stream: TextIO, *, to_read: bool = False) -> str:
    """Text, or its lines, as `stream` may have it: at a terminal with colour, and without orders of its own.

    What is `to_read`, and not to be copied, is as wide as the terminal (width).
    """
    lines = [text] if isinstance(text, str) else text
    if not stream.isatty():
        return "\n".join(lines)
    shown = [_changed(line, _seen) for line in lines]
    return colored("\n".join(_as_wide(line, stream) for line in shown) if to_read else "\n".join(shown), stream)


def harmless(text: str) -> str:
    """Text of one line for a program that draws on the terminal itself."""
    return text.translate({**ORDERS, ord("\n"): "\\n"})


def _seen(text: str) -> str:
    return text.replace("\r\n", "\n").removesuffix("\r").translate(ORDERS)


def drawn(lines: Sequence[str], stream: TextIO) -> str:
    """Lines for a program that draws on the terminal itself, as wide as that is."""
    return "\n".join(_as_wide(_changed(line, harmless), stream) for line in lines)


def tell(line: str = "", *, end: str = "\n", cleared: bool = False) -> None:
    """Write one line on standard error; a line end inside it cannot begin another one.

    `cleared` empties a terminal first.
    """
    if sys.stderr.isatty():
        shown = _changed(line, harmless)
        line = (_CLEAR if cleared else "") + colored(_as_wide(shown, sys.stderr), sys.stderr)
    print(line, end=end, file=sys.stderr, flush=True)  # noqa: T201 - this is the one place that does


def _changed(line: str, change: Callable[[str], str]) -> str:
    return line.changed(change) if isinstance(line, Row) else change(line)


def _as_wide(text: str, stream: TextIO) -> str:
    """Text as wide as the terminal: a line of a table by its columns, any other by its words."""
    columns = columns_of(stream)
    if isinstance(text, Row):
        return "\n".join(text.at(columns))
    return "\n".join(part for line in text.split("\n") for part in fitted(line, columns))
