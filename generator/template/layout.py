"""One space a level: a template has few bytes, and indentation alone would take an eighth of them."""

from __future__ import annotations

import re

BLOCK = re.compile(r"\|[-+]?$")
"""The end of a line below which text stands as it is."""


def narrow(text: str) -> str:
    """The same YAML with one space a level for the emitter's two, which it cannot do itself.

    A level below a dash stays two columns deep, as YAML wants it; the text of a block keeps its own indentation.
    """
    lines: list[str] = []
    levels = [(0, 0)]  # column in the text given, column in the narrow one
    block: tuple[int, int] | None = None
    for line in text.splitlines():
        column = len(line) - len(line.lstrip(" "))
        if not line.strip():
            lines.append("")
        elif block and column >= block[0]:
            lines.append(" " * block[1] + line[block[0] :])
        else:
            _enter(levels, column)
            lines.append(" " * levels[-1][1] + line[column:])
            _pass_dashes(levels, line[column:])
            block = (levels[-1][0] + 2, levels[-1][1] + 1) if BLOCK.search(line) else None
    return "\n".join(lines) + "\n"


def _enter(levels: list[tuple[int, int]], column: int) -> None:
    """Leave the levels that end before this line; a deeper one is one space deeper."""
    while levels[-1][0] > column:
        levels.pop()
    if levels[-1][0] < column:
        levels.append((column, levels[-1][1] + 1))


def _pass_dashes(levels: list[tuple[int, int]], code: str) -> None:
    """What stands behind a dash is a level of its own."""
    while code.startswith("- "):
        code = code[2:]
        levels.append((levels[-1][0] + 2, levels[-1][1] + 2))
