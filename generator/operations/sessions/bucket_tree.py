"""A directory through a bucket of the customer's: its files end to end as one object, and the object is removed.

The archive has no names: they go by the sessions, as the directories do, so there is no member that could lead
elsewhere. Every file is compared with its source by SHA-256 before the first takes its name.
"""

from __future__ import annotations

import hashlib
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from generator.errors import DeployerError
from generator.operations.sessions import copy_ends as ends
from generator.operations.sessions import copy_tree
from generator.operations.sessions.bucket_copy import (
    Bucket,
    Side,
    Upload,
    compare,
    get,
    object_for,
    put,
    require_encrypted,
    send,
)
from generator.operations.sessions.copy_tree import batches, joined
from generator.operations.sessions.host_shell import TO_THE_END, WHOLE_FILES, HostShell, host_shell, quoted

FAR_TEMPORARY = "/var/tmp"  # noqa: S108
"""Of an instance: on a disk, where /tmp may be memory (Filesystem Hierarchy Standard 3.0, 5.15)."""
PIECE = 1 << 20  # bytes
_DIGITS = 64  # of a SHA-256


@dataclass(frozen=True)
class Member:
    """A file of the archive: its path in the directory, where its bytes are, what it hands on, and their SHA-256."""

    relative: str
    offset: int
    size: int
    attributes: ends.Attributes
    digest: str

    def pieces(self, archive: BinaryIO) -> Iterator[bytes]:
        """Its bytes."""
        archive.seek(self.offset)
        left = self.size
        while left and (piece := archive.read(min(left, PIECE))):
            left -= len(piece)
            yield piece


@dataclass(frozen=True)
class Packed:
    """A directory that is in the bucket."""

    source: str
    name: str
    tree: copy_tree.Tree
    members: tuple[Member, ...]


async def is_directory(bucket: Bucket, side: Side) -> bool:
    """Whether a place is a directory."""
    if side.calls is None:
        return Path(side.place.path).is_dir()
    async with host_shell(side.calls, bucket.options) as shell:
        return await copy_tree.is_far_directory(shell, side.place.path)


async def carry(bucket: Bucket, source: Side, destination: Side, *, inside: bool) -> list[tuple[str, str]]:
    """Copy a directory as `scp -rp` has it; name and SHA-256 of each file. Raises as `bucket_copy.carry` does, and
    `outside` for a name by which an instance would write elsewhere."""
    with object_for(bucket) as upload:
        packed = await _pack(bucket, source, upload)
        require_encrypted(bucket, upload.key)
        if destination.calls is None:
            _unpack_near(bucket, packed, Path(destination.place.path), upload.key, inside=inside)
        else:
            async with host_shell(destination.calls, bucket.options) as shell:
                await _unpack_far(bucket, packed, shell, destination.place.path, upload.key, inside=inside)
    return [(joined(packed.source, member.relative), member.digest) for member in packed.members]


async def _pack(bucket: Bucket, source: Side, upload: Upload) -> Packed:
    path = source.place.path.rstrip("/") or "/"
    if source.calls is None:
        name, tree = copy_tree.name_of(Path(path).resolve().name), copy_tree.near_tree(Path(path))
        return Packed(path, name, tree, _pack_near(bucket, Path(path), tree.files, upload))
    name = copy_tree.name_of(PurePosixPath(path).name)
    async with host_shell(source.calls, bucket.options) as shell:
        tree = await copy_tree.far_tree(shell, path)
        return Packed(path, name, tree, await _pack_far(bucket, shell, path, tree.files, upload))


def _members(described: Iterable[tuple[str, int, ends.Attributes, str]]) -> tuple[Member, ...]:
    """Of files in the order in which the archive has them: path, size, attributes, SHA-256."""
    files = list(described)
    offsets = accumulate((size for _, size, _, _ in files), initial=0)
    return tuple(
        Member(path, at, size, attributes, digest)
        for at, (path, size, attributes, digest) in zip(offsets, files, strict=False)
    )


# Here


def _pack_near(bucket: Bucket, root: Path, files: Sequence[str], upload: Upload) -> tuple[Member, ...]:
    with tempfile.TemporaryDirectory(prefix="deployer-cp-") as directory:
        archive = Path(directory) / "archive"
        with ends.room_for(str(archive)), archive.open("xb") as out:
            described = []
            for relative in files:
                described.append((relative, *_append(out, root / relative)))
                bucket.caller.count("Packed", len(described), len(files))
            members = _members(described)
        send(bucket, upload, archive)
    return members


def _append(out: BinaryIO, path: Path) -> tuple[int, ends.Attributes, str]:
    attributes, digest, before = ends.attributes_of(path), hashlib.sha256(), out.tell()
    with path.open("rb") as source:
        while piece := source.read(PIECE):
            digest.update(piece)
            out.write(piece)
    return out.tell() - before, attributes, digest.hexdigest()


def _unpack_near(bucket: Bucket, packed: Packed, given: Path, key: str, *, inside: bool) -> None:
    made = copy_tree.make_near(given, packed.name, packed.tree, inside=inside)
    with (
        tempfile.TemporaryDirectory(prefix=".deployer-cp-", dir=made.target) as directory,
        ends.room_for(made.target),
        (Path(directory) / "archive").open("x+b") as archive,
    ):
        bucket.gateway.s3.download(bucket.name, key, archive)
        for member in packed.members:
            compare(member.digest, _digest(member.pieces(archive)), joined(packed.source, member.relative))
        for number, member in enumerate(packed.members, 1):
            _place_near(member, archive, Path(made.target) / member.relative)
            bucket.caller.count("Unpacked", number, len(packed.members))
    copy_tree.finish_near(made, packed.tree, copy_tree.umask())


def _place_near(member: Member, archive: BinaryIO, path: Path) -> None:
    target = ends.near_target(path, path.name, inside=False)
    part = target.with_name(ends.part_name(target.name, secrets.token_hex(8)))
    try:
        with ends.near_part(part, 0, resume=False) as (out, _):
            for piece in member.pieces(archive):
                out.write(piece)
        ends.place_near(part, target, member.attributes)
    finally:
        part.unlink(missing_ok=True)


def _digest(pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


# On an instance


@asynccontextmanager
async def _directory(shell: HostShell, path: str) -> AsyncIterator[str]:
    """A directory for the session's user alone that is removed after the block, and where the session ends before."""
    remove = f"rm -rf -- {quoted(path)}"
    await shell.at_end(remove)
    await shell.ask(f"mkdir -m 700 -- {quoted(path)}")
    try:
        yield path
    except DeployerError:
        with suppress(DeployerError):  # else the end of the session does it
            await shell.ask(remove)
        raise
    await shell.ask(remove)


async def _pack_far(
    bucket: Bucket, shell: HostShell, root: str, files: Sequence[str], upload: Upload
) -> tuple[Member, ...]:
    async with _directory(shell, f"{FAR_TEMPORARY}/deployer-cp-{secrets.token_hex(16)}") as directory:
        archive, described = f"{directory}/archive", list[tuple[str, int, ends.Attributes, str]]()
        await shell.ask(f": > {quoted(archive)}")
        for some in batches(files):
            answer = await shell.ask(_append_far([joined(root, each) for each in some], archive), WHOLE_FILES)
            described += [(each, *of_it) for each, of_it in zip(some, _described(answer, len(some)), strict=True)]
            bucket.caller.count("Packed", len(described), len(files))
        await put(bucket, shell, upload, archive)
    return _members(described)


def _append_far(paths: Sequence[str], archive: str) -> str:
    """Shell that describes files and appends them to the archive: each program once for all of them."""
    files = " ".join(map(quoted, paths))
    return f"stat -L -c '%a %X %Y %s' -- {files} && {_digests_far(paths)} && cat -- {files} >> {quoted(archive)}"


def _digests_far(paths: Sequence[str]) -> str:
    return f"sha256sum -- {' '.join(map(quoted, paths))}"


def _read_digests(lines: bytes) -> list[str]:
    """One a line, before the name; there is a backslash before it where the name has an escaped character."""
    return [line.lstrip(b"\\")[:_DIGITS].decode() for line in lines.split(b"\n") if line]


def _described(answer: bytes, count: int) -> Iterator[tuple[int, ends.Attributes, str]]:
    *lines, rest = answer.split(b"\n", count)
    for line, digest in zip(lines, _read_digests(rest), strict=True):
        mode, accessed, modified, size = line.split()
        yield int(size), ends.Attributes(int(mode, 8) & ends.MODE_BITS, int(accessed), int(modified)), digest


async def _unpack_far(bucket: Bucket, packed: Packed, shell: HostShell, given: str, key: str, *, inside: bool) -> None:
    made = await copy_tree.make_far(shell, given, packed.name, packed.tree, inside=inside)
    async with _directory(shell, f"{made.target}/{ends.part_name('', secrets.token_hex(8))}") as directory:
        await get(bucket, shell, key, f"{directory}/archive")
        parts = [(member, f"{directory}/{number}") for number, member in enumerate(packed.members)]
        checked = 0
        for some in batches(parts):
            cuts = " && ".join(_cut_far(f"{directory}/archive", member, part) for member, part in some)
            answer = await shell.ask(f"{cuts} && {_digests_far([part for _, part in some])}", WHOLE_FILES)
            for (member, _), digest in zip(some, _read_digests(answer), strict=True):
                compare(member.digest, digest, joined(packed.source, member.relative))
            checked += len(some)
            bucket.caller.count("Unpacked", checked, len(parts))
        placed = 0
        for some in batches(parts):
            await _place_far(shell, made.target, some)
            placed += len(some)
            bucket.caller.count("Placed", placed, len(parts))
    await copy_tree.finish_far(shell, made, packed.tree)


def _cut_far(archive: str, member: Member, part: str) -> str:
    cut = f"iflag=skip_bytes,count_bytes skip={member.offset} count={member.size}"
    return f"dd if={quoted(archive)} of={quoted(part)} bs=1M {cut} status=none"


async def _place_far(shell: HostShell, root: str, parts: Sequence[tuple[Member, str]]) -> None:
    copies = [(joined(root, member.relative), PurePosixPath(member.relative).name) for member, _ in parts]
    targets = await ends.far_targets(shell, copies, inside=False)
    scripts = (
        ends.place_script(part, target, member.attributes)
        for (member, part), target in zip(parts, targets, strict=True)
    )
    await shell.ask(TO_THE_END + " && ".join(scripts), WHOLE_FILES)
