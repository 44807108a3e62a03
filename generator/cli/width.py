"""Lines that a person reads, as wide as the terminal: a longer one goes on below, indented, and no word is cut.

The lines of a table know their columns, and are laid out by those (columns.py).

What is there to be copied stays on one line, which the terminal wraps without a line end in it: a command, an ARN that
would not fit on a line of its own, JSON.
"""

from __future__ import annotations

import os
import re
from typing import TextIO

NARROWEST = 40  # columns; a narrower terminal wraps by itself
LEAST_FOR_A_COLUMN = 30  # columns that the last column of a table must have to go on under itself
_COMMAND = re.compile(r"(?:(?<=[:,] )|(?<=  )|(?<=^)|(?<=\$ ))(?:deployer|aws|\(?eval|export|chmod|pip|pipx|uv) .*$")
_JSON = re.compile(r'\s*["{}\[\]]')
_WORD = re.compile(r" *[^ ]+")
_CELL = re.compile(r" *[^ ]+(?: [^ ]+)*")
_COLUMN = re.compile(r" {2,}(?=[^ ])")


def columns_of(stream: TextIO) -> int:
    """The width of a terminal; 0 for anything else, and where it is not known."""
    if not stream.isatty():
        return 0
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0


def cells(text: str) -> int:
    """The columns that a text takes at a terminal, where a letter of Chinese, Japanese or Korean takes two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def words(text: str) -> list[str]:
    """The pieces of a text that are not broken, each with the spaces before it: words, and a command as a whole."""
    before, command = _command(text)
    gap = before[len(before.rstrip(" ")) :]
    return [*_WORD.findall(before), *([gap + command] if command else [])]


def fitted(line: str, columns: int) -> list[str]:
    """One line as the lines that it takes, of at most so many columns; 0 columns leave it as it is.

    It goes on under its last column, if that is wide enough; else a little further in than it began, where each cell of
    a table that has no room begins a line.
    """
    if columns < NARROWEST or cells(line) <= columns or _JSON.match(line):
        return [line]
    starts = [match.end() for match in _COLUMN.finditer(line)]
    under = starts[-1] if starts and starts[-1] <= columns - LEAST_FOR_A_COLUMN else 0
    lines = _Lines(columns, under or len(line) - len(line.lstrip(" ")) + 4)
    text, command = _command(line)
    parts = [text] if under else _CELL.findall(text)
    for number, part in enumerate(parts):
        if number and not lines.has_room(part):
            lines.begin(part)
        else:
            lines.fill(part)
    if command:
        lines.add(text[len(text.rstrip(" ")) :] + command, alone=len(text) > LEAST_FOR_A_COLUMN)
    return lines.done


class _Lines:
    """Lines that are being filled: the first as it is, the others `indent` characters in."""

    def __init__(self, columns: int, indent: int) -> None:
        self.done = [""]
        self._columns, self._indent = columns, indent

    def has_room(self, text: str) -> bool:
        return cells(self.done[-1] + text) <= self._columns

    def fill(self, text: str) -> None:
        """Add text word by word."""
        for word in _WORD.findall(text):
            self.add(word)

    def begin(self, text: str) -> None:
        """Add text word by word from a new line on."""
        self.done.append(" " * self._indent)
        self.fill(text.lstrip(" "))

    def add(self, word: str, *, alone: bool = True) -> None:
        """Add what is not broken: below, where it has no room but would have `alone`, else the terminal wraps it."""
        bare = word.lstrip(" ")
        if not alone or self.has_room(word) or not self.done[-1].strip() or self._indent + cells(bare) > self._columns:
            self.done[-1] += word
        else:
            self.done.append(" " * self._indent + bare)


def _command(line: str) -> tuple[str, str]:
    """The text before a command, and the command with all that follows."""
    match = _COMMAND.search(line)
    return (line[: match.start()], line[match.start() :]) if match else (line, "")
