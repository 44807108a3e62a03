"""Client programs of this computer, run in the foreground: psql, mysql."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from generator.errors import NotFound

_INSTALL = {
    "psql": "Debian and Ubuntu: apt install postgresql-client; macOS: brew install libpq; Windows: the EDB installer",
    "mysql": "Debian and Ubuntu: apt install default-mysql-client; macOS: brew install mysql-client",
}


def require(program: str) -> str:
    """The program's path. Raises NotFound with how to install it."""
    found = shutil.which(program)
    if found is None:
        raise NotFound(
            f"{program} is not on this computer's PATH.",
            f"{_INSTALL.get(program, 'Install it')}, or use --client none with a client you have.",
            code="client-missing",
        )
    return found


def run_client(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a client at this terminal until it ends, with `environment` added to ours; gives its exit code.

    Ctrl-C is the client's to handle while it runs. Raises NotFound when the program is not installed.
    """
    command = [require(argv[0]), *argv[1:]]
    with _signals_left_to_the_child():
        return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode


@dataclass(frozen=True)
class Said:
    """How a client that was only listened to ended."""

    exit_code: int
    output: str
    errors: str


def ask_client(argv: Sequence[str], environment: Mapping[str, str], seconds: float | None = None) -> Said:
    """Run a client without a terminal, its messages in English, and give what it said.

    Raises NotFound when the program is not installed. A client that takes longer than `seconds` is ended.
    """
    command = [require(argv[0]), *argv[1:]]
    try:
        with _signals_left_to_the_child():
            done = subprocess.run(
                command,
                env={**os.environ, "LC_ALL": "C", **environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
                check=False,
            )
    except subprocess.TimeoutExpired:
        return Said(1, "", "timeout expired")
    return Said(done.returncode, done.stdout, done.stderr)


@contextmanager
def _signals_left_to_the_child() -> Iterator[None]:
    """An empty handler, unlike SIG_IGN, is not inherited: the child starts with the usual one."""

    def nothing(number: int, frame: FrameType | None) -> None: ...

    before = signal.signal(signal.SIGINT, nothing)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def ending_politely() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into KeyboardInterrupt, so that what is open is closed on the way out."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = [(number, signal.signal(number, interrupt)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
