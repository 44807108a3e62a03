"""Boxes in rows as SVG: what uses is above what is used. Text alternative: its title, and a sentence for each box.

A box is one row below the lowest that uses it; one that nobody uses is one row above the highest that it uses. An arrow
leads to the next row only, and what it would say again, because another box between uses it, has none. The last lines
of a box name all that it uses, so nothing is told by an arrow alone.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

WIDTH = 640
GAP, ROW_GAP, PAD, LINE = 12, 26, 8, 13
STYLE = (
    "svg{color:#1b1f24;font-family:system-ui,sans-serif}"
    "@media(prefers-color-scheme:dark){svg{color:#d6dae0}}"
    "rect{fill:none;stroke:currentColor;stroke-opacity:.55}path{fill:none;stroke:currentColor;stroke-opacity:.55}"
    "text{fill:currentColor;font-size:11px}.name{font-size:13px;font-weight:600}.uses{font-style:italic}"
    "marker path{fill:currentColor;stroke:none}"
)
HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="t d" width="{width}" height="{height}"\
 viewBox="0 0 {width} {height}">
<title id="t">{title}</title>
<desc id="d">{said}</desc>
<style>{style}</style>
<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">\
<path d="M0 0L8 4L0 8z"/></marker></defs>
"""


@dataclass(frozen=True)
class Box:
    """A named box: what is written in it, and the names of those that it uses."""

    lines: tuple[str, ...]
    uses: frozenset[str]


@dataclass(frozen=True)
class _Placed:
    left: float
    top: float
    width: float
    height: float
    text: tuple[tuple[str, str], ...]

    def over(self, other: _Placed) -> float:
        """Where an arrow between two boxes stands: in the middle of the narrower one."""
        narrow = min(self, other, key=lambda box: box.width)
        return narrow.left + narrow.width / 2


def svg(title: str, boxes: Mapping[str, Box], verb: str) -> str:
    """The picture of the boxes; `verb` is what a box does with those that it uses."""
    placed = _place(boxes, verb)
    height = max(box.top + box.height for box in placed.values()) + 1
    said = " ".join(f"{name} {verb} {', '.join(sorted(box.uses)) or 'nothing'}." for name, box in boxes.items())
    arrows = [
        _arrow(placed[name], placed[used])
        for name, box in boxes.items()
        for used in sorted(box.uses)
        if not any(used in _below(between, boxes) for between in box.uses) and _adjacent(placed, name, used)
    ]
    return HEAD.format(
        width=WIDTH, height=f"{height:g}", title=escape(title), said=escape(said), style=STYLE
    ) + "\n".join([*(line for box in placed.values() for line in _drawn(box)), *arrows, "</svg>\n"])


def rows(boxes: Mapping[str, Box]) -> list[list[str]]:
    """The names, row by row from the top. A circle among them is a ValueError of their names."""
    row: dict[str, int] = {}

    def place(name: str, path: tuple[str, ...]) -> int:
        if name in path:
            raise ValueError(f"a circle: {', '.join(path)}")
        if name not in row:
            users = [user for user, box in boxes.items() if name in box.uses]
            row[name] = max((place(user, (*path, name)) + 1 for user in users), default=0)
        return row[name]

    for name in boxes:
        place(name, ())
    last = max(row.values())
    for name, box in boxes.items():
        if not any(name in other.uses for other in boxes.values()):
            row[name] = min((row[used] - 1 for used in box.uses), default=last)
    return [[name for name in boxes if row[name] == number] for number in range(max(row.values()) + 1)]


def _below(name: str, boxes: Mapping[str, Box]) -> set[str]:
    return {below for used in boxes[name].uses for below in {used, *_below(used, boxes)}}


def _place(boxes: Mapping[str, Box], verb: str) -> dict[str, _Placed]:
    placed: dict[str, _Placed] = {}
    top = 1.0
    for names in rows(boxes):
        width = (WIDTH - 2 - GAP * (len(names) - 1)) / len(names)
        texts = {name: _text(name, boxes[name], verb, width) for name in names}
        height = PAD * 2 + LINE * max(len(text) for text in texts.values())
        for number, name in enumerate(sorted(names, key=lambda name: _middle(name, boxes, placed))):
            placed[name] = _Placed(1 + number * (width + GAP), top, width, height, texts[name])
        top += height + ROW_GAP
    return placed


def _middle(name: str, boxes: Mapping[str, Box], placed: Mapping[str, _Placed]) -> float:
    """Where the narrow users of a box are on average: it stands near them."""
    users = [placed[user] for user, box in boxes.items() if name in box.uses and placed[user].width < WIDTH / 2]
    return sum(user.left + user.width / 2 for user in users) / len(users) if users else WIDTH / 2


def _text(name: str, box: Box, verb: str, width: float) -> tuple[tuple[str, str], ...]:
    columns = int((width - 2 * PAD) / 6.4)
    uses = f"{verb} {', '.join(sorted(box.uses))}" if box.uses else ""
    lines = [("", part) for line in box.lines for part in textwrap.wrap(line, columns, subsequent_indent="  ")]
    return (("name", name), *lines, *(("uses", part) for part in textwrap.wrap(uses, columns)))


def _drawn(box: _Placed) -> list[str]:
    text = [
        f'<text class="{kind}" x="{box.left + PAD:g}" y="{box.top + PAD + LINE * (n + 1) - 3:g}">{escape(line)}</text>'
        for n, (kind, line) in enumerate(box.text)
    ]
    frame = f'x="{box.left:g}" y="{box.top:g}" width="{box.width:g}" height="{box.height:g}"'
    return [f'<rect rx="4" {frame}/>', *text]


def _adjacent(placed: Mapping[str, _Placed], user: str, used: str) -> bool:
    between = placed[used].top - placed[user].top - placed[user].height
    return abs(between - ROW_GAP) < 1


def _arrow(user: _Placed, used: _Placed) -> str:
    wide = max(user.width, used.width) > WIDTH / 2
    start, end = (user.over(used),) * 2 if wide else (user.left + user.width / 2, used.left + used.width / 2)
    top, bottom = user.top + user.height, used.top - 1
    bend = (bottom - top) / 2
    return (
        f'<path d="M{start:g} {top:g}C{start:g} {top + bend:g} {end:g} {bottom - bend:g} {end:g} {bottom:g}"'
        ' marker-end="url(#a)"/>'
    )
