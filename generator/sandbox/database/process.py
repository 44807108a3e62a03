"""A server program of the sandbox: in a directory of its own, without privileges, and ended with this process.

PostgreSQL and MySQL refuse to run as root, so root starts them as `nobody`.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import stat
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from generator.errors import DeployerError

# A parent that watches over the server: when its standard input ends, which happens however this process ends, it sends
# the signal and removes what was on the disk. Where the server ends by itself, so does it.
_WATCH = (
    'signal=$1; shift; exec 3<&0; "$@" </dev/null 3<&- & server=$!; exec 2>/dev/null; '  # the terminal may be closed
    "(cat <&3 >/dev/null; kill -$signal $server) & watch=$!; "
    'wait $server; code=$?; kill $watch; rm -rf -- "$0"; exit $code'
)
START_SECONDS = 60.0
_UNPRIVILEGED = "nobody"
_TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - mkdtemp makes a private directory in it
_LAST_WORDS = 5


@dataclass(frozen=True)
class Home:
    """A directory with all files of a server, and the user ID it runs as (None: this process's user)."""

    path: Path
    runs_as: int | None

    def own(self, path: Path) -> None:
        """Make the server's user the owner of a file."""
        if self.runs_as is not None:
            os.chown(path, self.runs_as, -1)

    def readable(self, package: Path, *besides: Path) -> Path:
        """A directory with the programs that the server's user can run: a copy, if that user cannot reach them.

        It cannot below a home directory of mode 0700, or where they were installed under a umask such as 077.
        `besides` are copied too if they exist.
        """
        parts = [part for part in (package, *besides) if part.exists()]
        if self.runs_as is None or all(_open_to_all(part) for part in parts):
            return package
        copies = self.path / "programs"
        for part in parts:
            shutil.copytree(part, copies / part.name, symlinks=True)
        for each in (copies, *_files(copies)):
            each.chmod(_opened(_mode(each)))
            self.own(each)  # the server's user removes them where this process is killed
        return copies / package.name


def _enterable(directory: Path) -> bool:
    """Whether any user can enter the directory, by its mode and those of its parents."""
    return all(each.stat().st_mode & 0o001 for each in (directory, *directory.parents))


def _open_to_all(package: Path) -> bool:
    """Whether any user can read all of a directory and run what its owner can run."""
    return _enterable(package) and all(mode == _opened(mode) for mode in map(_mode, _files(package)))


def _opened(mode: int) -> int:
    """The mode with the owner's read and execute permission for everybody."""
    return mode | (mode & 0o500) >> 6


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _files(directory: Path) -> Iterator[Path]:
    """Every file and directory below it; a symbolic link has no mode of its own."""
    return (each for each in directory.rglob("*") if not each.is_symlink())


@contextmanager
def home(prefix: str) -> Iterator[Home]:
    """A directory while the block runs, removed afterwards. Raises DeployerError if no usable one is found."""
    runs_as = pwd.getpwnam(_UNPRIVILEGED).pw_uid if os.geteuid() == 0 else None
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=None if runs_as is None else _place()))
    try:
        server_home = Home(path, runs_as)
        server_home.own(path)
        yield server_home
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _place() -> Path:
    """The first directory for temporary files that the server's user can enter."""
    usual = (tempfile.gettempdir(), *_TEMPORARY)
    directory = next((each for each in map(Path, usual) if each.is_dir() and _enterable(each.resolve())), None)
    if directory is None:
        raise DeployerError(
            f"The user {_UNPRIVILEGED}, which database servers run as, cannot enter any of: {', '.join(usual)}.",
            "Choose a directory that every user can enter: TMPDIR=/DIRECTORY",
            code="no-temporary-directory",
        )
    return directory


async def run(home: Home, argv: Sequence[str], stdin: bytes = b"") -> None:
    """Run a program to its end. Raises DeployerError with its output when it fails."""
    process = await _spawn(home, argv, asyncio.subprocess.PIPE)
    output, errors = await process.communicate(stdin)
    if process.returncode:
        raise _failed(Path(argv[0]).name, (output + errors).decode(errors="replace"))


@asynccontextmanager
async def running(
    home: Home, argv: Sequence[str], signal: str, accepts: Callable[[], Awaitable[bool]]
) -> AsyncIterator[None]:
    """Run a server from the time it `accepts` connections until the block ends; then `signal` stops it.

    Raises DeployerError when it stops earlier.
    """
    process = await _spawn(home, ["/bin/sh", "-c", _WATCH, str(home.path), signal, *argv], asyncio.subprocess.DEVNULL)
    last: deque[bytes] = deque(maxlen=_LAST_WORDS)
    listening = asyncio.create_task(_listen(process, last))
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await accepts():
                if process.returncode is not None:
                    raise _failed(Path(argv[0]).name, b"".join(last).decode(errors="replace"))
                await asyncio.sleep(0.05)
        if any(b"[ERROR]" in line for line in last):  # MySQL goes on where a first statement failed
            raise _failed(Path(argv[0]).name, b"".join(last).decode(errors="replace"))
        yield
    finally:
        assert process.stdin
        process.stdin.close()
        await process.wait()
        await listening


async def _listen(process: asyncio.subprocess.Process, last: deque[bytes]) -> None:
    assert process.stderr
    async for line in process.stderr:
        last.append(line)


def _failed(program: str, output: str) -> DeployerError:
    return DeployerError(
        f"{program}, the sandbox's database server, failed: {output.strip()}", "Run the command again with --debug."
    )


async def _spawn(home: Home, argv: Sequence[str], stdout: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.PIPE,
        stdout=stdout,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
        cwd="/",
        user=home.runs_as,
        group=None if home.runs_as is None else pwd.getpwuid(home.runs_as).pw_gid,
        extra_groups=None if home.runs_as is None else [],
        start_new_session=True,  # Ctrl-C at the terminal ends the front first, then this
    )
