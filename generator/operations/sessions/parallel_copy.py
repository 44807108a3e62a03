"""A file in pieces, carried by several shell sessions at once: each session has its own rate limit.

What has arrived is recorded after every piece, so that an interrupted copy can be resumed. The whole is compared by
SHA-256 before it takes its name.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath

from generator.channel.session import ChannelOptions
from generator.errors import DeployerError, NotFound
from generator.model.json_text import parse_json
from generator.operations.sessions import copy_ends as ends
from generator.operations.sessions.host_shell import CHECK_PATH, NO_SPACE, HostShell, host_shell, quoted
from generator.operations.sessions.service import SessionCalls, may_be_open

LARGEST_PIECE, SMALLEST_PIECE = 1 << 20, 64 << 10  # bytes
FINAL = ("host-refused", "changed", NO_SPACE)  # codes of errors that another session would not mend
TRIES = 3  # sessions a worker may lose
Progress = Callable[[int, int], None]
"""progress(arrived, total), in bytes."""
Count = Callable[[str, int, int], None]
"""count(done, files, total): of a directory, what was done with how many files."""
Move = Callable[[HostShell, int, int], Awaitable[None]]
"""Carries the piece of that offset and length."""


@dataclass
class Journal:
    """What of a file has arrived. `digest` is the whole file's SHA-256 in hex."""

    path: Path
    digest: str
    size: int
    piece: int
    arrived_offsets: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, directory: Path, copy_id: str, digest: str, size: int, sessions: int) -> Journal:
        """The journal of an interrupted copy of the same bytes; else a new one."""
        path = directory / f"{copy_id}.json"
        with suppress(OSError, ValueError, KeyError, TypeError):
            saved = parse_json(path.read_text(encoding="utf-8"))
            if (saved["digest"], saved["size"]) == (digest, size):
                return cls(path, digest, size, int(saved["piece"]), set(map(int, saved["arrived_offsets"])))
        return cls(path, digest, size, piece_of(size, sessions))

    @property
    def missing(self) -> list[int]:
        """Offsets of the pieces that have not arrived."""
        return [offset for offset in range(0, self.size, self.piece) if offset not in self.arrived_offsets]

    @property
    def arrived(self) -> int:
        """Bytes that have arrived."""
        return sum(self.length(offset) for offset in self.arrived_offsets)

    def length(self, offset: int) -> int:
        """Length of the piece at an offset."""
        return min(self.piece, self.size - offset)

    def note(self, offset: int) -> None:
        """Record that a piece has arrived."""
        self.arrived_offsets.add(offset)
        saved = {**asdict(self), "path": str(self.path), "arrived_offsets": sorted(self.arrived_offsets)}
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(saved), encoding="utf-8")
        fresh.replace(self.path)

    def forget(self) -> None:
        """Forget everything: the copy is complete, or starts again."""
        self.arrived_offsets.clear()
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Claim:
    """The ID under which a copy keeps what it needs to go on. `resumable`: the next try of the same copy has it too."""

    copy_id: str
    resumable: bool


@contextmanager
def claimed_id(directory: Path, key: str) -> Iterator[Claim]:
    """An ID of the copy `key` for the block. Always the same one, unless another process is at that copy now."""
    whose = f"{socket.gethostname()} {os.getuid()} {key}"
    copy_id = hashlib.sha256(whose.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    with (directory / "locks").open(
        "w", encoding="utf-8"
    ) as locks:  # one byte of it, which need not exist, for each ID
        try:
            fcntl.lockf(locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, int(copy_id[:12], 16))
        except (BlockingIOError, PermissionError):  # POSIX allows either
            yield Claim(secrets.token_hex(8), resumable=False)
        else:
            yield Claim(copy_id, resumable=True)


def piece_of(size: int, sessions: int) -> int:
    """Bytes of a piece: as many rounds as it takes, and all sessions busy to the end of the last."""
    sessions = max(sessions, 1)
    rounds = max(-(-size // (LARGEST_PIECE * sessions)), 1)
    return max(-(-size // (rounds * sessions)), SMALLEST_PIECE)


class Shells:
    """Shell sessions of one copy: each opened when needed and reused, all ended together."""

    def __init__(self, calls: Callable[[], SessionCalls], options: ChannelOptions, say: Callable[[str], None]) -> None:
        self._calls, self._options, self._say = calls, options, say
        self._messages: set[str] = set()
        self._open: dict[HostShell, AbstractAsyncContextManager[HostShell]] = {}
        self._free: list[HostShell] = []

    async def __aenter__(self) -> Shells:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(self._end(shell) for shell in [*self._open]))

    @asynccontextmanager
    async def one(self) -> AsyncIterator[HostShell]:
        """A session for the block; after a failure it is ended at once. Raises as `host_shell` does."""
        shell = self._free.pop() if self._free else await self._another()
        try:
            yield shell
        except BaseException:
            await self._end(shell)
            raise
        self._free.append(shell)

    async def _end(self, shell: HostShell) -> None:
        await self._open.pop(shell).__aexit__(None, None, None)
        if left := shell.channel.stats.not_terminated:
            self._say(may_be_open(left))

    async def _another(self) -> HostShell:
        made = host_shell(self._calls(), self._options)
        shell = await made.__aenter__()
        self._open[shell] = made
        message = shell.channel.handshake.customer_message
        if message not in self._messages:
            self._messages.add(message)
            for line in message.splitlines():
                self._say(line)
        return shell


@dataclass(frozen=True)
class CopyRun:
    """How one file is carried: by which sessions, how many at once, and what is remembered under which name."""

    calls: Callable[[], SessionCalls]
    options: ChannelOptions
    state: Path
    sessions: int
    progress: Progress
    key: str
    say: Callable[[str], None] = lambda line: None
    count: Count = lambda done, files, total: None
    inside: bool = False  # the destination must be a directory, not a file of that name
    shells: Shells | None = None  # those to use, which outlive the file


async def fetch(run: CopyRun, far: str, near: Path) -> tuple[Path, str]:
    """Copy a file of the instance here: where it is, and its SHA-256. Raises DeployerError, `checksum` when the bytes
    differ."""
    target = ends.near_target(near, PurePosixPath(far).name, inside=run.inside)
    with claimed_id(run.state, run.key) as claim:
        part = target.with_name(ends.part_name(target.name, claim.copy_id))
        keep = claim.resumable
        try:
            return target, await _fetch(run, far, target, part, claim)
        except OSError as error:
            if not ends.is_full(error):
                raise
            keep = False
            (run.state / f"{claim.copy_id}.json").unlink(missing_ok=True)
            raise ends.no_room(str(target)) from error
        finally:
            if not keep:
                part.unlink(missing_ok=True)


@asynccontextmanager
async def _shells_of(run: CopyRun) -> AsyncIterator[Shells]:
    """The run's sessions: those it was given, or its own, which end with it."""
    if run.shells is not None:
        yield run.shells
        return
    async with Shells(run.calls, run.options, run.say) as own:
        yield own


async def _fetch(run: CopyRun, far: str, target: Path, part: Path, claim: Claim) -> str:
    async with _shells_of(run) as shells:
        async with shells.one() as shell:
            digest, size = await describe(shell, far)
            attributes = await ends.far_attributes(shell, far)
        journal = Journal.of(run.state, claim.copy_id, digest, size, run.sessions)
        with ends.near_part(part, size, resume=bool(journal.arrived_offsets)) as (out, resumed):
            if not resumed:
                journal.forget()

            async def move(shell: HostShell, offset: int, length: int) -> None:
                data = await shell.read(far, offset, length)
                if len(data) != length:
                    raise DeployerError(f"{far} changed while it was copied.", "Copy it again.", code="changed")
                out.seek(offset)
                out.write(data)

            with _saying_what_arrived(run, claim, journal, str(part)):
                await _carry(shells, journal, run.sessions, move, run.progress)
    _compare(digest, digest_of(part), far, journal)
    ends.place_near(part, target, attributes)
    return digest


@contextmanager
def _saying_what_arrived(run: CopyRun, claim: Claim, journal: Journal, part: str) -> Iterator[None]:
    """Where the user ends it: say what has arrived, where it is, and that it is not lost."""
    try:
        yield
    except asyncio.CancelledError:
        if claim.resumable and journal.arrived:
            run.say(f"{_arrived(journal)}. To give it up, remove {part}")
        raise


async def send(run: CopyRun, near: Path, far: str) -> str:
    """Copy a file of this computer to the instance; its SHA-256. Raises as `fetch` does."""
    with claimed_id(run.state, run.key) as claim:
        return await _send(run, near, far, claim)


async def _send(run: CopyRun, near: Path, far: str, claim: Claim) -> str:
    attributes, digest, size = ends.attributes_of(near), digest_of(near), near.stat().st_size
    journal = Journal.of(run.state, claim.copy_id, digest, size, run.sessions)
    async with _shells_of(run) as shells:
        async with shells.one() as shell:
            target = await ends.far_target(shell, far, near.name, inside=run.inside)
            part = target.part(claim.copy_id)
            if not await ends.start_far_part(shell, part, resume=bool(journal.arrived_offsets)):
                journal.forget()

        with near.open("rb") as source:

            async def move(shell: HostShell, offset: int, length: int) -> None:
                source.seek(offset)
                await shell.write(part, offset, source.read(length))

            try:
                with _saying_what_arrived(run, claim, journal, f"{part} on the instance"):
                    await _carry(shells, journal, run.sessions, move, run.progress)
            except DeployerError as error:
                if error.code == NO_SPACE:  # what nobody can complete now is not left on a full disk
                    journal.forget()
                    async with shells.one() as shell:
                        await ends.remove_far(shell, part)
                raise
        async with shells.one() as shell:
            arrived, _ = await describe(shell, part)
            if arrived != digest:
                await ends.remove_far(shell, part)
            _compare(digest, arrived, far, journal)
            await ends.place_far(shell, part, target, attributes)
    return digest


async def _carry(shells: Shells, journal: Journal, sessions: int, move: Move, progress: Progress) -> None:
    """Let several sessions carry the missing pieces; a session that is lost is replaced, its piece goes again."""
    missing = journal.missing[::-1]
    progress(journal.arrived, journal.size)

    async def work() -> None:
        losses = 0
        while missing:
            try:
                async with shells.one() as shell:
                    while missing:
                        offset = missing.pop()
                        try:
                            await move(shell, offset, journal.length(offset))
                        except BaseException:
                            missing.append(offset)
                            raise
                        journal.note(offset)
                        progress(journal.arrived, journal.size)
            except DeployerError as error:
                losses += 1
                if losses == TRIES or error.code in FINAL:
                    raise

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(sessions, len(missing))):
                group.create_task(work())
    except BaseExceptionGroup as group:  # the sessions' own failures, several at once: raise the first
        raise _with_what_arrived(group.exceptions[0], journal) from group


def _with_what_arrived(error: BaseException, journal: Journal) -> BaseException:
    """The error of a copy that broke off; it says how to go on with what has arrived."""
    if not isinstance(error, DeployerError) or error.code in FINAL or not journal.arrived:
        return error
    return error.explained(also=_arrived(journal))


def _arrived(journal: Journal) -> str:
    return f"{journal.arrived:,} of {journal.size:,} bytes have arrived; the same command again goes on with the rest"


async def describe(shell: HostShell, path: str) -> tuple[str, int]:
    """SHA-256 and size of a file of the instance.

    Raises NotFound where there is none, and DeployerError (`file`) for what is no regular file.
    """
    name = quoted(path)
    output = await shell.ask(
        f"if test -f {name}; then sha256sum < {name} && stat -L -c %s -- {name}; "
        f"elif test -d {name}; then echo directory; elif test -e {name}; then echo special; else echo none; fi"
    )
    match output.split():
        case [digest, b"-", size]:
            return digest.decode(), int(size)
        case [b"none"]:
            raise NotFound(f"There is no file {path} on the instance.", CHECK_PATH, code="file-not-found")
    if output.strip() == b"directory":
        raise DeployerError(f"{path} on the instance is a directory.", "Copy it with -r.", code="file")
    hint = "Copy files, or a directory with -r."
    raise DeployerError(f"{path} on the instance is not a regular file.", hint, code="file")


def _compare(source: str, copy: str, name: str, journal: Journal) -> None:
    journal.forget()
    if source != copy:
        raise DeployerError(
            f"The copy of {name} differs from its source (SHA-256 {copy[:12]}…, not {source[:12]}…).",
            "Copy it again; nothing was put in its place.",
            code="checksum",
        )


def digest_of(path: Path) -> str:
    """SHA-256 of a file of this computer, in hex."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
