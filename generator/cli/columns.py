"""Tables as wide as the terminal: each column shrinks for itself, heads stay above what they name, no word is cut.

A column is never narrower than its longest word, so that a name, an ARN or a verdict is always whole. Where the
columns do not fit all the same, one goes on lines of its own below its row, with its head; in a table without heads
only those of its cells do that are too wide, if they are few.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

from generator.cli.orders import ORDERS
from generator.cli.width import NARROWEST, cells, words

GAP = "  "
BELOW = 4  # columns that what goes below its row is further in
LEAST = 16  # columns that a cell of several words has at least


class Row(str):
    """A line of a table: a file is given the text as it is, a terminal what `at` makes of it."""

    _cells: tuple[str, ...]
    _layout: Layout
    _before: str

    @classmethod
    def of(cls, text: str, row: tuple[str, ...], layout: Layout, before: str = "") -> Row:
        """The row that is `text` in a file; `before` is what stands before its first cell."""
        made = cls(text)
        made._cells, made._layout, made._before = row, layout, before
        return made

    def __radd__(self, before: str) -> Row:
        return Row.of(before + str(self), self._cells, self._layout, before + self._before)

    def changed(self, change: Callable[[str], str]) -> Row:
        """The row with each text of it as `change` makes it."""
        return Row.of(change(str(self)), tuple(map(change, self._cells)), self._layout, self._before)

    def at(self, columns: int) -> list[str]:
        """The lines that the row takes at a terminal of so many columns; fewer than NARROWEST leave it as it is."""
        if columns < NARROWEST:
            return [str(self)]
        room = columns - len(self._before)
        placed = list(zip(self._cells, self._layout.widths(room), strict=True))
        beside = [("" if number and _least(cell) > width else cell) for number, (cell, width) in enumerate(placed)]
        lines = _side_by_side([(cell, width) for cell, (_, width) in zip(beside, placed, strict=True) if width])
        below = [cell for cell, left in zip(self._cells, beside, strict=True) if cell != left]
        indent = _indent(self._cells[0]) + BELOW
        lines += [" " * indent + line for cell in below for line in _wrapped(cell.lstrip(" "), room - indent)]
        return [(self._before + line).rstrip() for line in lines]


class _Extent(NamedTuple):
    """What a cell, or a column, takes of the terminal: at least, and when nothing is broken."""

    least: int
    natural: int


class Layout:
    """How wide the columns of a table are. All `lines` have as many cells; the first may be the heads."""

    def __init__(self, lines: Sequence[tuple[str, ...]], *, headed: bool) -> None:
        self._lines = lines
        self._headed = headed
        self._known: dict[int, list[int]] = {}

    @cached_property
    def _columns(self) -> list[list[_Extent]]:
        """What the cells take, which only a terminal needs to know: a file may be given many thousand rows."""
        columns = [
            [cell.translate(ORDERS) for cell in column if cell.strip()] for column in zip(*self._lines, strict=True)
        ]
        return [[_Extent(_least(cell), cells(cell)) for cell in column] for column in columns]

    def widths(self, room: int) -> list[int]:
        """The width of each column in so much room. What is wider goes below its row; the first column never does."""
        if room not in self._known:
            self._known[room] = self._fitted(room)
        return self._known[room]

    def _fitted(self, room: int) -> list[int]:
        columns = [*self._columns]
        while (over := _needed(columns) - room) > 0 and any(columns[1:]):
            at = _to_leave(columns, over)
            left = max(each.least for each in columns[at]) - over
            staying = [each for each in columns[at] if each.least <= left]
            few = not self._headed and left >= LEAST and 2 * len(staying) >= len(columns[at])
            columns[at] = staying if few else []
        extents = [_together(column) for column in columns]
        return _shared(extents, room - _gaps(columns))


def _to_leave(columns: Sequence[Sequence[_Extent]], over: int) -> int:
    """The last column without which the others have room, since names come first; where none is, the widest."""
    least = [_together(column).least for column in columns]
    enough = [at for at in range(1, len(columns)) if least[at] + len(GAP) >= over and columns[at]]
    return enough[-1] if enough else max(range(1, len(columns)), key=lambda at: least[at])


def _needed(columns: Sequence[Sequence[_Extent]]) -> int:
    return sum(_together(column).least for column in columns) + _gaps(columns)


def _gaps(columns: Sequence[Sequence[_Extent]]) -> int:
    return len(GAP) * (sum(map(bool, columns)) - 1)


def _together(column: Sequence[_Extent]) -> _Extent:
    return _Extent(max((each.least for each in column), default=0), max((each.natural for each in column), default=0))


def _shared(columns: Sequence[_Extent], room: int) -> list[int]:
    """The widths of columns: one that would take more than an even share gets that, and never less than it needs."""
    for share in range(room, 0, -1):
        widths = [max(each.least, min(each.natural, share)) for each in columns]
        if sum(widths) <= room:
            return widths
    return [each.least for each in columns]


def _indent(cell: str) -> int:
    return len(cell) - len(cell.lstrip(" "))


def _least(cell: str) -> int:
    """The columns that a cell needs: its longest word is not broken, and some words stay beside each other."""
    longest = max((cells(word.strip(" ")) for word in words(cell)), default=0)
    return max(_indent(cell) + longest, min(cells(cell), LEAST))


def _side_by_side(placed: Sequence[tuple[str, int]]) -> list[str]:
    columns = [_wrapped(cell, width) for cell, width in placed]
    height = max(map(len, columns))
    filled = [[*column, *[""] * (height - len(column))] for column in columns]
    widths = [width for _, width in placed]
    return [
        GAP.join(_padded(cell, width) for cell, width in zip(line, widths, strict=True))
        for line in zip(*filled, strict=True)
    ]


def _wrapped(cell: str, width: int) -> list[str]:
    """A cell as lines: what goes on below is as far in as its beginning."""
    indent = _indent(cell)
    lines = [""]
    for word in words(cell.strip(" ")):
        if lines[-1] and indent + cells(lines[-1] + word) > width:
            lines.append(word.lstrip(" "))
        else:
            lines[-1] += word
    return [" " * indent + line for line in lines]


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - cells(cell))
