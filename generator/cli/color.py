"""Colour for what a person must not miss, at a terminal. It repeats what the words say and never stands for them.

NO_COLOR (no-color.org) and TERM=dumb turn it off; a file, a pipe and JSON never get it.
"""

from __future__ import annotations

import os
import re
from typing import TextIO

RESET, BOLD, RED, GREEN, YELLOW = "\033[0m", "\033[1m", "\033[1;31m", "\033[32m", "\033[33m"
# What a line begins with, or a word in the column of verdicts behind its time or at its end.
_STYLES = (
    (RED, r"^(?:error:|NOT everything is proven|  NOT recorded|  DENIED(?=  ))"),
    (RED, r"^(?:\d\d:\d\d:\d\d  )?(?:NOT PROVEN|FAIL)(?=  )"),
    (RED, r"^  remove(?=  )|(?<=  )(?:may be )?replaced(?=  |$)"),
    (RED, r"(?<=  )[A-Z_]+_FAILED(?=  |$)|(?<=  )(?:UPDATE_)?ROLLBACK_(?:IN_PROGRESS|COMPLETE)(?=  |$)"),
    (GREEN, r"^(?:\d\d:\d\d:\d\d  )?(?:proven|ok)(?=  )|^Access is revoked(?=:)"),
    (YELLOW, r"^  (?:NOTE|to do:)(?= )|^(?:warn|WARN)(?=  )"),
    (BOLD, r"^(?:\$ deployer .*|# .*)$"),
)
_RULES = tuple((style, re.compile(pattern, re.MULTILINE)) for style, pattern in _STYLES)


def wanted(stream: TextIO) -> bool:
    """Whether `stream` shows colour: a terminal, and nobody has asked for none."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def colored(text: str, stream: TextIO) -> str:
    """Text of several lines, without control characters of its own, as `stream` shows it."""
    if not wanted(stream):
        return text
    for style, pattern in _RULES:
        text = pattern.sub(lambda match, style=style: f"{style}{match[0]}{RESET}", text)  # type: ignore[misc]
    return text
