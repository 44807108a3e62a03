"""A list at a terminal from which one line is picked: what is typed narrows it, arrows move, Enter picks."""

from __future__ import annotations

import codecs
import os
import select
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generator.cli.sanitize import harmless
from generator.errors import Declined

if TYPE_CHECKING:
    from rich.console import Group

MOST_LINES = 12  # of the list, shown at once
AROUND = 5  # lines of the terminal that the list leaves to the question, what was typed, and a selected line that wraps
ESCAPE_WAIT = 0.1  # seconds after which an escape is a key of its own, and no beginning of an arrow

UP, DOWN, PAGE_UP, PAGE_DOWN, FIRST, LAST = "up", "down", "page-up", "page-down", "first", "last"
ENTER, ERASE, ERASE_WORD, ERASE_ALL, LEAVE, NOTHING = "enter", "erase", "erase-word", "erase-all", "leave", ""
_CONTROLS = {
    "\r": ENTER,
    "\n": ENTER,
    "\x7f": ERASE,
    "\x08": ERASE,
    "\x17": ERASE_WORD,
    "\x15": ERASE_ALL,
    "\x10": UP,
    "\x0e": DOWN,
    "\x03": LEAVE,
    "\x04": LEAVE,
    "\x1b": LEAVE,
}
_SEQUENCES = {"A": UP, "B": DOWN, "5~": PAGE_UP, "6~": PAGE_DOWN, "H": FIRST, "F": LAST, "1~": FIRST, "4~": LAST}


def possible() -> bool:
    """Whether the terminal can be drawn on; where it cannot, a numbered list is asked about instead."""
    return sys.stdin.isatty() and sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def pick(question: str, labels: Sequence[str]) -> int:
    """Have a person pick one of the labels, and return its place. Raises Declined when they leave without one."""
    from rich.console import Console
    from rich.live import Live

    menu, console = Menu(question, [harmless(label) for label in labels]), Console(stderr=True, highlight=False)
    terminal = sys.stdin.fileno()
    with (
        _key_by_key(terminal),
        Live(console=console, auto_refresh=False, transient=True) as live,
    ):
        keys = _keys(Typing(terminal, _typed_ahead(terminal)))
        while menu.picked is None:
            live.update(_screen(menu, console.height), refresh=True)
            menu.press(next(keys), page=_room(console.height))
    return menu.picked


@dataclass
class Menu:
    """What was typed so far, which line is selected, and what was picked: the state of a list, without a terminal."""

    question: str
    labels: Sequence[str]
    typed: str = ""
    at: int = 0
    picked: int | None = None
    matches: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._filter("")

    def press(self, key: str, page: int = 1) -> None:
        """Do what a key asks for; any other text is typed. Raises Declined for LEAVE."""
        if key == LEAVE:
            raise Declined("Nothing was picked, and nothing was changed.")
        last = max(0, len(self.matches) - 1)
        moves = {UP: self.at - 1, DOWN: self.at + 1, PAGE_UP: self.at - page, PAGE_DOWN: self.at + page, LAST: last}
        typed = {ERASE: self.typed[:-1], ERASE_WORD: self.typed.rstrip().rpartition(" ")[0], ERASE_ALL: ""}
        if key == ENTER:
            self.picked = self.matches[self.at] if self.matches else None
        elif key in moves or key == FIRST:
            self.at = min(max(moves.get(key, 0), 0), last)
        elif key != NOTHING:
            self._filter(typed.get(key, self.typed + key))

    def _filter(self, typed: str) -> None:
        """Keep the lines that have each word in them, whatever its case; the one whose ID was typed is the first."""
        words = typed.lower().split()
        holding = (at for at, label in enumerate(self.labels) if all(word in label.lower() for word in words))
        self.typed, self.at = typed, 0
        self.matches = sorted(holding, key=lambda at: self.labels[at].lower().split()[:1] != words)


def _room(height: int) -> int:
    return max(1, min(MOST_LINES, height - AROUND))


def _screen(menu: Menu, height: int) -> Group:
    """The question, what was typed, and as much of the list as has room; the selected line is shown whole."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    room, many = _room(height), len(menu.matches)
    top = min(max(0, menu.at - room // 2), max(0, many - room))
    shown = Table.grid()  # so that a selected line that wraps goes on under itself
    for place, at in list(enumerate(menu.matches))[top : top + room]:
        selected = place == menu.at
        line = Text(menu.labels[at], "bold" if selected else "", overflow="fold" if selected else "ellipsis")
        line.no_wrap = not selected
        shown.add_row("> " if selected else "  ", line)
    head = f"{menu.question} Type to narrow, Enter picks, Esc leaves."
    count = f"  {many} of {len(menu.labels)}; arrows move" if many else "  None has this: erase some of it."
    return Group(Text(head), Text(f"? {menu.typed}_"), shown, Text(count, style="dim"))


@contextmanager
def _key_by_key(terminal: int) -> Iterator[None]:
    """Give each key as it is pressed, unseen, within the block. Ctrl-C still interrupts."""
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal, termios.TCSANOW)  # what was typed ahead is kept
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _typed_ahead(terminal: int) -> bytearray:
    """What was typed before the list is shown, without Enter: nobody picks what they have not seen."""
    typed = b""
    while select.select([terminal], [], [], 0)[0] and (data := os.read(terminal, 1024)):
        typed += data
    return bytearray(typed.translate(None, b"\r\n"))


@dataclass
class Typing:
    """The bytes of a terminal, those first that came before the list was shown."""

    terminal: int
    ahead: bytearray = field(default_factory=bytearray)

    def read(self) -> bytes:
        """One byte; none at the end of the input."""
        return bytes([self.ahead.pop(0)]) if self.ahead else os.read(self.terminal, 1)

    def goes_on(self) -> bool:
        """Whether another byte comes at once."""
        return bool(self.ahead or select.select([self.terminal], [], [], ESCAPE_WAIT)[0])


def _keys(typing: Typing) -> Iterator[str]:
    """The keys of a terminal, without an end: a name of this module, or the character that was typed."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")
    while True:
        data = typing.read()
        for character in decoder.decode(data) if data else "\x04":
            if character == "\x1b" and (rest := _sequence(typing)).strip("\x1b"):  # else the key, once or more
                yield _SEQUENCES.get(rest[1:], NOTHING)
            else:
                yield _CONTROLS.get(character, character if character.isprintable() else NOTHING)


def _sequence(typing: Typing) -> str:
    """What follows an escape at once: `[A` or `OA` for an arrow; "" after the key of that name."""
    rest = ""
    while typing.goes_on() and (data := typing.read()):
        rest += data.decode("latin-1")
        if len(rest) > 1 and (rest[-1].isalpha() or rest[-1] == "~"):
            break
    return rest
