"""Picking from a list that narrows as one types: the list by itself, and at a real terminal."""

import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import ioctl

import pytest

from generator.cli import picker
from generator.cli.picker import DOWN, ENTER, ERASE, ERASE_ALL, ERASE_WORD, FIRST, LAST, LEAVE, PAGE_DOWN, UP, Menu
from generator.errors import Declined

LABELS = ["vpc-12  10.0.0.0/16  main", "vpc-1  10.1.0.0/16  test", "vpc-3  10.2.0.0/16  Main backup"]
MANY = [f"i-{number:017x}  node-{number}" for number in range(500)]
ARROW_DOWN, ARROW_UP, ESCAPE = "\033[B", "\033OA", "\033"


@pytest.mark.parametrize(
    ("pressed", "picked"),
    [
        ([ENTER], 0),
        ([DOWN, DOWN, DOWN, DOWN, ENTER], 2),
        ([DOWN, DOWN, UP, ENTER], 1),
        ([UP, ENTER], 0),
        ([LAST, ENTER], 2),
        ([LAST, FIRST, ENTER], 0),
        ([PAGE_DOWN, ENTER], 2),
        ([*"test", ENTER], 1),
        ([*"MAIN", DOWN, ENTER], 2),
        ([*"main 10.2", ENTER], 2),
        ([*"vpc-1", ENTER], 1),  # the line of that ID, not one whose ID begins so
        ([*"vpc-1", DOWN, ENTER], 0),
        ([*"test", *[ERASE] * 4, ENTER], 0),
        ([*"vpc test", ERASE_WORD, DOWN, ENTER], 1),
        ([*"backup", ERASE_ALL, ENTER], 0),
        ([*"nope", ENTER, ERASE_ALL, DOWN, ENTER], 1),  # Enter takes nothing where nothing is listed
    ],
)
def test_keys_narrow_move_and_pick(pressed: list[str], picked: int) -> None:
    menu = Menu("Which VPC?", LABELS)
    for key in pressed:
        assert menu.picked is None
        menu.press(key, page=10)
    assert menu.picked == picked


def test_leaving_is_an_answer() -> None:
    menu = Menu("Which VPC?", LABELS)
    with pytest.raises(Declined, match="Nothing was picked"):
        menu.press(LEAVE)
    assert menu.picked is None


@dataclass
class Terminal:
    """A picker at a terminal of its own."""

    ours: int
    process: "subprocess.Popen[bytes]"
    shown: str = ""
    mark: int = 0

    def until(self, text: str) -> str:
        """What is shown since something was typed, without orders, up to and with `text`."""
        end = time.monotonic() + 20
        while text not in (plain := _plain(self.shown[self.mark :])):
            assert select.select([self.ours], [], [], max(0.0, end - time.monotonic()))[0], self.shown
            try:
                self.shown += os.read(self.ours, 65_536).decode()
            except OSError:
                raise AssertionError(self.shown) from None
        return plain

    def type(self, keys: str) -> None:
        self.mark = len(self.shown)
        os.write(self.ours, keys.encode())

    def ended(self) -> int:
        return self.process.wait(20)


def _plain(shown: str) -> str:
    """What was shown, each erased line as a line end."""
    return re.sub(r"\033\[[0-9;?]*[A-Za-z]|\r", "", shown.replace("\033[2K", "\n"))


PROGRAM = """
import sys
from generator.cli.ask import choose
from generator.cli.command import execute, CommandResult
from generator.cli.invocation import Invocation
labels = {labels!r}
call = Invocation("up")
sys.exit(execute(call, lambda: CommandResult("", ["picked " + str(choose(call, "instance", labels))])))
"""


@contextmanager
def picking(labels: list[str], columns: int = 60, rows: int = 24, term: str = "xterm") -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    before = termios.tcgetattr(theirs)
    env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(labels=labels)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**env, "TERM": term},
        preexec_fn=lambda: (os.setsid(), ioctl(0, termios.TIOCSCTTY, 0)),  # so that ^C reaches it
    )
    try:
        yield Terminal(ours, process)
        process.wait(20)
        assert termios.tcgetattr(theirs) == before, "the terminal is not as it was"
    finally:
        process.kill()
        process.wait()
        os.close(theirs)
        os.close(ours)


@pytest.mark.parametrize(
    ("keys", "place"),
    [("\r", 0), (ARROW_DOWN + ARROW_DOWN + ARROW_UP + "\r", 1), ("node-499\r", 499), ("node-48\x7f97\r", 497)],
)
def test_at_a_terminal_what_is_typed_narrows_and_enter_picks(keys: str, place: int) -> None:
    with picking(MANY) as terminal:
        terminal.until("500 of 500")
        terminal.type(keys)
        terminal.until(f"Which instance? {MANY[place]}")
        terminal.until(f"picked {place}")
        assert terminal.ended() == 0


def test_the_list_is_narrowed_before_enter_and_no_line_is_longer_than_the_terminal() -> None:
    labels = [*MANY, "i-ffff  " + "a-name-that-goes-on-" * 5]
    with picking(labels, columns=60, rows=15) as terminal:
        first = terminal.until("501 of 501")
        assert len([line for line in first.splitlines() if line.startswith(("> i-", "  i-"))]) == 15 - picker.AROUND
        terminal.type("ffff")
        terminal.until("? ffff_")
        narrowed = terminal.until("  1 of 501")
        assert not [line for line in narrowed.splitlines() if len(line) > 60]
        assert "".join(labels[-1].split()) in "".join(narrowed.split())  # the selected line is shown whole
        terminal.type("x")
        terminal.until("None has this")
        terminal.type("\x15")
        terminal.until("501 of 501")
        terminal.type("\r")
        assert terminal.ended() == 0


@pytest.mark.parametrize(("keys", "typed", "place"), [("\r", "", 1), ("\n\n", "", 1), ("main\r", "main", 2)])
def test_enter_picks_nothing_that_was_not_seen(keys: str, typed: str, place: int) -> None:
    with picking(LABELS) as terminal:
        terminal.type(keys)  # before the list is shown
        terminal.until(f"? {typed}_")
        terminal.until(" of 3")
        terminal.type(ARROW_DOWN + "\r")
        terminal.until(f"picked {place}")
        assert terminal.ended() == 0


def test_one_entry_is_picked_by_enter() -> None:
    with picking(["default"]) as terminal:
        terminal.until("1 of 1")
        terminal.type("\r")
        terminal.until("picked 0")
        assert terminal.ended() == 0


@pytest.mark.parametrize(
    ("key", "said", "code"),
    [
        (ESCAPE, "Nothing was picked", 1),
        (ESCAPE * 2, "Nothing was picked", 1),
        (ESCAPE * 3, "Nothing was picked", 1),
        ("\x04", "Nothing was picked", 1),
        ("\x03", "Interrupted.", 130),
    ],
)
def test_one_can_leave_and_is_told_in_one_sentence(key: str, said: str, code: int) -> None:
    with picking(LABELS) as terminal:
        terminal.until("3 of 3")
        terminal.type(key)
        terminal.until(said)
        assert terminal.ended() == code
        assert "Traceback" not in terminal.shown and "error:" not in terminal.shown


def test_a_terminal_that_cannot_be_drawn_on_gets_a_numbered_list() -> None:
    with picking(LABELS, term="dumb") as terminal:
        terminal.until("Which instance? (number, id, or a part of the line) [1] ")
        terminal.type("2\n")
        terminal.until("picked 1")
        assert terminal.ended() == 0


def test_a_label_gives_the_terminal_no_orders() -> None:
    with picking(["i-1  \033[31mred\033[2J", "i-2"]) as terminal:
        terminal.until("i-1  \\x1b[31mred")
        assert "\033[31m" not in terminal.shown and "\033[2J" not in terminal.shown
        terminal.type("\r")
        assert terminal.ended() == 0
