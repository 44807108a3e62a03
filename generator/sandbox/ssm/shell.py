"""The imitated shell: a handful of commands answered in Python. No program of this machine is ever started.

It serves shells over a session and SendCommand, so that logs, exit codes and sizes can be seen end to end. Any other
command exits with 127 and says so.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field

BANNER = "Sandbox shell: imitated by the deployer sandbox, nothing runs on a machine. Type help."
_SEPARATOR = re.compile(r"(&&|\|\||;|\n)")


@dataclass
class Outcome:
    """What a script did: exit code, output, error output; `seconds` it would have slept; `ended` by exit."""

    code: int = 0
    out: str = ""
    err: str = ""
    seconds: float = 0.0
    ended: bool = False


@dataclass
class ImitatedShell:
    """A shell on an imitated host. `now` gives the time as text; `size` is the terminal's (rows, columns)."""

    host: str
    user: str = "ssm-user"
    now: Callable[[], str] = lambda: ""
    size: tuple[int, int] = (24, 80)
    files: dict[str, str] = field(default_factory=dict)

    @property
    def prompt(self) -> str:
        """What is shown before a line."""
        return f"[sandbox {self.user}@{self.host}]$ "

    def run(self, script: str) -> Outcome:
        """Run a script: words joined by ;, &&, || and line ends. No pipes, variables or redirections."""
        total = Outcome()
        joint = ";"
        for number, piece in enumerate(_SEPARATOR.split(script)):
            if number % 2:
                joint = piece
                continue
            skipped = (joint == "&&" and total.code) or (joint == "||" and not total.code)
            if not piece.strip() or piece.strip().startswith("#") or skipped:
                continue
            self._step(piece.strip(), total)
            if total.ended:
                break
        return total

    def _step(self, line: str, total: Outcome) -> None:
        try:
            words = shlex.split(line)
        except ValueError as error:
            total.code, total.err = 2, total.err + f"sandbox: {error}\n"
            return
        name, arguments = words[0], words[1:]
        command = getattr(self, f"_do_{name}", None)
        if command is None or any(mark in line for mark in "|<>`$"):
            total.code = 127
            total.err += f"sandbox: {name}: not imitated; the sandbox runs no programs\n"
            return
        total.code = 0
        command(arguments, total)

    def _do_help(self, arguments: list[str], total: Outcome) -> None:
        words = sorted(name.removeprefix("_do_") for name in dir(self) if name.startswith("_do_"))
        total.out += f"{BANNER}\nIt knows: {' '.join(words)}\n"

    def _do_echo(self, arguments: list[str], total: Outcome) -> None:
        total.out += " ".join(arguments) + "\n"

    def _do_true(self, arguments: list[str], total: Outcome) -> None:
        total.code = 0

    def _do_false(self, arguments: list[str], total: Outcome) -> None:
        total.code = 1

    def _do_exit(self, arguments: list[str], total: Outcome) -> None:
        total.code = int(arguments[0]) & 255 if arguments and arguments[0].isdigit() else 0
        total.ended = True

    def _do_whoami(self, arguments: list[str], total: Outcome) -> None:
        total.out += f"{self.user}\n"

    def _do_hostname(self, arguments: list[str], total: Outcome) -> None:
        total.out += f"{self.host}\n"

    def _do_uname(self, arguments: list[str], total: Outcome) -> None:
        total.out += "Linux (imitated)\n"

    def _do_pwd(self, arguments: list[str], total: Outcome) -> None:
        total.out += "/usr/bin\n"

    def _do_date(self, arguments: list[str], total: Outcome) -> None:
        total.out += f"{self.now()}\n"

    def _do_sleep(self, arguments: list[str], total: Outcome) -> None:
        try:
            total.seconds += float(arguments[0])
        except (IndexError, ValueError):
            total.code, total.err = 1, total.err + "sleep: how long?\n"

    def _do_stty(self, arguments: list[str], total: Outcome) -> None:
        total.out += f"{self.size[0]} {self.size[1]}\n"

    def _do_cat(self, arguments: list[str], total: Outcome) -> None:
        for path in arguments:
            if path in self.files:
                total.out += self.files[path]
            else:
                total.code, total.err = 1, total.err + f"cat: {path}: No such file or directory\n"


def install_log() -> dict[str, str]:
    """The files an imitated host has: the log of an installation that never ran, which says so."""
    return {"/var/log/deepsql-install.log": "The sandbox ran no installer: DeepSQL is imitated.\n"}
