"""What a terminal is given: text, and no orders. The one place through which text from elsewhere reaches a screen.

A tag, a session's reason, an event or a host's output may come from somebody who would like to move the cursor, hide a
line or turn one around. At a terminal such characters are seen and not obeyed; a file or a pipe gets every character as
it is. The characters are the C0 and C1 controls (ECMA-48) and Unicode's bidirectional ones (UAX 9).
"""

from __future__ import annotations

import sys
from typing import TextIO

from generator.cli.color import colored
from generator.cli.width import columns_of, fitted

_TURNING = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_ORDERS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"}
_ORDERS |= {code: f"\\u{code:04x}" for code in (0x2028, 0x2029, *_TURNING)}
_CLEAR = "\033[H\033[2J"


def visible(text: str, stream: TextIO, *, to_read: bool = False) -> str:
    """Text of several lines as `stream` may have it: at a terminal with colour, and without orders of its own.

    What is `to_read`, and not to be copied, is as wide as the terminal (width).
    """
    if not stream.isatty():
        return text
    shown = text.replace("\r\n", "\n").translate(_ORDERS)
    return colored(_as_wide(shown, stream) if to_read else shown, stream)


def harmless(text: str) -> str:
    """Text of one line for a program that draws on the terminal itself."""
    return text.translate({**_ORDERS, ord("\n"): "\\n"})


def tell(line: str = "", *, end: str = "\n", cleared: bool = False) -> None:
    """Write one line on standard error; a line end inside it cannot begin another one.

    `cleared` empties a terminal first.
    """
    if sys.stderr.isatty():
        shown = harmless(line)
        line = (_CLEAR if cleared else "") + colored(_as_wide(shown, sys.stderr) if end == "\n" else shown, sys.stderr)
    print(line, end=end, file=sys.stderr, flush=True)  # noqa: T201 - this is the one place that does


def _as_wide(text: str, stream: TextIO) -> str:
    columns = columns_of(stream)
    return "\n".join(part for line in text.split("\n") for part in fitted(line, columns))
