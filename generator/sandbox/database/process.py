"""A server program of the sandbox: in a directory of its own, without rights, and gone when this process is.

PostgreSQL and MySQL refuse to run as root, so root starts them as `nobody`.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
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
    'signal=$1; shift; exec 3<&0; "$@" </dev/null 3<&- & server=$!; exec 2>/dev/null; '  # nobody may listen any more
    "(cat <&3 >/dev/null; kill -$signal $server) & watch=$!; "
    'wait $server; code=$?; kill $watch; rm -rf -- "$0"; exit $code'
)
START_SECONDS = 60.0
_UNPRIVILEGED = "nobody"
_LAST_WORDS = 5


@dataclass(frozen=True)
class Home:
    """A directory that holds all of a server, and the user id it runs under (None: this process's user)."""

    path: Path
    runs_as: int | None

    def own(self, path: Path) -> None:
        """Give a file of ours to the server."""
        if self.runs_as is not None:
            os.chown(path, self.runs_as, -1)

    def readable(self, package: Path, *besides: Path) -> Path:
        """A directory of programs where the server's user can run them: below a closed home directory it is copied.

        `besides` are copied with it where they exist.
        """
        if self.runs_as is None or all(each.stat().st_mode & 0o001 for each in (package, *package.parents)):
            return package
        for part in (package, *besides):
            if part.exists():
                shutil.copytree(part, self.path / "programs" / part.name, symlinks=True)
        return self.path / "programs" / package.name


@contextmanager
def home(prefix: str) -> Iterator[Home]:
    """A directory for as long as the block runs; nothing of it stays."""
    path = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        made = Home(path, pwd.getpwnam(_UNPRIVILEGED).pw_uid if os.geteuid() == 0 else None)
        made.own(path)
        yield made
    finally:
        shutil.rmtree(path, ignore_errors=True)


async def run(home: Home, argv: Sequence[str], given: bytes = b"") -> None:
    """Run a program to its end. Raises DeployerError with what it said where it failed."""
    process = await _spawn(home, argv, asyncio.subprocess.PIPE)
    said, errors = await process.communicate(given)
    if process.returncode:
        raise _failed(Path(argv[0]).name, (said + errors).decode(errors="replace"))


@asynccontextmanager
async def kept(
    home: Home, argv: Sequence[str], signal: str, accepts: Callable[[], Awaitable[bool]]
) -> AsyncIterator[None]:
    """Keep a server running, from when it `accepts` connections until the block ends; then `signal` ends it.

    Raises DeployerError when it ends before that.
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


def _failed(program: str, said: str) -> DeployerError:
    return DeployerError(f"{program}, which stands in for RDS, failed: {said.strip()}", "Run it again with --debug.")


async def _spawn(home: Home, argv: Sequence[str], stdout: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.PIPE,
        stdout=stdout,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
        cwd="/",
        user=home.runs_as,
        start_new_session=True,  # Ctrl-C at the terminal ends the front first, then this
    )
