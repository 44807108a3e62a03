"""The two ends of a copy through shell sessions: the target, the partial file beside it, and how it becomes the target.

As `scp -p` has it: a symbolic link is followed and stays, an existing file keeps its inode and owner, the copy gets the
mode bits (of 0777) and the times of its source. At no moment may anybody read the copy who may not read the source.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from generator.errors import DeployerError
from generator.operations.sessions.host_shell import NO_SPACE, TO_THE_END, HostShell, quoted, word

SUFFIX = ".deployer-part"
LONGEST_BEGINNING = 200  # bytes of a name; a file's may have 255
MODE_BITS = 0o777  # of a file, what scp keeps: no set-user-id
DIRECTORY_BITS = 0o1777  # of a directory: without its sticky bit others may remove what is in it
SPECIAL_BITS = 0o7000
READ_BITS = 0o444
_OWN = "8180"  # stat's %f of a regular file of mode 0600


@dataclass(frozen=True)
class Attributes:
    """What a copy takes over from its source. Times in whole seconds, as scp has them."""

    mode: int
    accessed: int
    modified: int


@dataclass(frozen=True)
class FarTarget:
    """Where on the instance a copy goes. `mode` is that of the file already there, None where there is none."""

    path: str
    mode: int | None

    def part(self, copy_id: str) -> str:
        """Where the bytes of one copy are until they are complete."""
        directory, slash, name = self.path.rpartition("/")
        return f"{directory}{slash}{part_name(name, copy_id)}"


def attributes_of(path: Path) -> Attributes:
    """What a copy of a file or a directory here takes over."""
    status = path.stat()
    bits = DIRECTORY_BITS if stat.S_ISDIR(status.st_mode) else MODE_BITS
    return Attributes(status.st_mode & bits, int(status.st_atime), int(status.st_mtime))


# Here


def near_target(path: Path, name: str, *, inside: bool) -> Path:
    """The file that a copy of `name` to `path` makes or replaces; `inside`: `path` must be a directory.

    Raises DeployerError where that cannot be.
    """
    if inside and not path.is_dir():
        raise _no_directory(str(path))
    target = (path / name if path.is_dir() else path).resolve()
    if target.exists() and not target.is_file():
        raise _not_regular(str(target))
    if not target.parent.is_dir():
        raise _no_directory(str(target.parent))
    if not os.access(target if target.exists() else target.parent, os.W_OK):
        raise DeployerError(f"{target} may not be written by this user.", "Choose another destination.", code="file")
    return target


@contextmanager
def near_part(part: Path, size: int, *, resume: bool) -> Iterator[tuple[BinaryIO, bool]]:
    """The part, readable by this user alone, and whether it is from an interrupted copy."""
    resume = resume and _is_ours(part, size)
    if not resume:
        part.unlink(missing_ok=True)
    flags = os.O_RDWR | os.O_NOFOLLOW | (0 if resume else os.O_CREAT | os.O_EXCL)
    with os.fdopen(os.open(part, flags, 0o600), "r+b") as out:
        if not resume:
            out.truncate(size)
        yield out, resume


def part_name(name: str, copy_id: str) -> str:
    """What a file is called while a copy of it grows: another name for each copy, and not too long for a file."""
    return f"{os.fsdecode(os.fsencode(name)[:LONGEST_BEGINNING])}.{copy_id}{SUFFIX}"


def _is_ours(part: Path, size: int) -> bool:
    try:
        status = part.lstat()
    except FileNotFoundError:
        return False
    return (status.st_uid, status.st_mode, status.st_size) == (os.geteuid(), stat.S_IFREG | 0o600, size)


def place_near(part: Path, target: Path, wanted: Attributes) -> None:
    """Let the complete part become `target`. Of several copies at once the last one remains, whole."""
    if not target.exists():
        stamp(part, wanted)
        part.rename(target)
        return
    try:
        with part.open("rb") as source, os.fdopen(os.open(target, os.O_WRONLY), "wb") as out:
            fcntl.flock(out, fcntl.LOCK_EX)
            _require_room(out.fileno(), str(target), part.stat().st_size)
            _restrict_mode(out.fileno(), str(target), wanted.mode)
            out.truncate()
            shutil.copyfileobj(source, out)
        with suppress(PermissionError):  # somebody else's file, which this user may write: scp leaves it at that
            stamp(target, wanted)
    finally:
        part.unlink()


def _require_room(handle: int, name: str, size: int) -> None:
    """Before what is there is overwritten: raise DeployerError where the disk has no room for the copy beside the part.

    A file system that cannot reserve says nothing.
    """
    before = os.fstat(handle).st_size
    try:
        os.posix_fallocate(handle, 0, max(size, 1))
    except OSError as error:
        if is_full(error):
            raise no_room(name) from error
    finally:
        os.ftruncate(handle, before)


def _restrict_mode(handle: int, name: str, mode: int) -> None:
    """Before the bytes arrive in an existing file: nobody may read them there who may not read the source."""
    before = stat.S_IMODE(os.fstat(handle).st_mode)
    if before & ~mode & (READ_BITS | SPECIAL_BITS):
        try:
            os.fchmod(handle, before & mode | stat.S_IWUSR)
        except PermissionError:  # whoever may not change the mode loses the special bits by writing (write(2))
            if before & ~mode & READ_BITS:
                raise too_open(name, before, mode) from None


def stamp(path: Path, wanted: Attributes) -> None:
    """Give a file or a directory of this computer its mode and its times."""
    path.chmod(wanted.mode)
    os.utime(path, (wanted.accessed, wanted.modified))


# On the instance


async def far_attributes(shell: HostShell, path: str) -> Attributes:
    """What a copy of a file of the instance takes over."""
    mode, accessed, modified = (await shell.ask(f"stat -L -c '%a %X %Y' -- {quoted(path)}")).split()
    return Attributes(int(mode, 8) & MODE_BITS, int(accessed), int(modified))


async def far_target(shell: HostShell, path: str, name: str, *, inside: bool) -> FarTarget:
    """The file of the instance that a copy of `name` to `path` makes or replaces; `inside`: `path` must be a directory.

    Raises DeployerError where that cannot be.
    """
    [target] = await far_targets(shell, [(path, name)], inside=inside)
    return target


async def far_targets(shell: HostShell, copies: Sequence[tuple[str, str]], *, inside: bool) -> list[FarTarget]:
    """The same for several copies, each a path and a name, by one request."""
    answer = await shell.ask("; ".join(_find_target(path, name, inside=inside) for path, name in copies))
    words = os.fsdecode(answer).split("\0")
    return [
        _read_target(path, kinds, resolved, inside=inside)
        for (path, _), kinds, resolved in zip(copies, words[0::2], words[1::2], strict=False)
    ]


def _find_target(path: str, name: str, *, inside: bool) -> str:
    """Shell that prints what is at the target, and its whole path, each with a NUL."""
    given, inner = quoted(path), quoted(f"{path.rstrip('/')}/{name}")
    wrong = f'test {inner} != "$d"' if inside else "false"
    return (
        f'd={given}; if test -d {given}; then d={inner}; fi; r=$(readlink -f -- "$d" && echo x); r=${{r%?x}}; '
        f'if {wrong} || test -z "$r" || ! test -d "${{r%/*}}/"; then echo none; '
        'elif test -e "$r"; then test -f "$r" || echo special; test -w "$r" || echo read-only; stat -c %a -- "$r"; '
        "else echo new; fi; printf '\\0%s\\0' \"$r\""
    )


def _read_target(path: str, kinds: str, where: str, *, inside: bool) -> FarTarget:
    kind = kinds.split()[0]
    if kind == "none":
        missing = path if inside else PurePosixPath(path).parent
        raise _no_directory(f"{missing} on the instance")
    if kind == "special":
        raise _not_regular(f"{where} on the instance")
    if kind == "read-only":
        words = f"{where} on the instance may not be written by the session's user."
        raise DeployerError(words, "Choose another destination.", code="host-refused")
    return FarTarget(where, None if kind == "new" else int(kind, 8))


async def start_far_part(shell: HostShell, part: str, *, resume: bool) -> bool:
    """Make the part, readable by the session's user alone; return whether it is from an interrupted copy."""
    name = quoted(part)
    ours = f'test "$(stat -c "%u %f" -- {name} 2>/dev/null)" = "$(id -u) {_OWN}"'
    if resume and b"yes" in await shell.ask(f"{ours} && echo yes || echo no"):
        return True
    await shell.ask(f"rm -f -- {name} && (umask 077; set -C; : > {name})")
    return False


async def place_far(shell: HostShell, part_path: str, target: FarTarget, wanted: Attributes) -> None:
    """Let the complete part become the target. Of several copies at once the last one remains, whole; a session that
    ends meanwhile does not stop it."""
    await shell.ask(TO_THE_END + place_script(part_path, target, wanted))


def place_script(part_path: str, target: FarTarget, wanted: Attributes) -> str:
    """The shell that does it."""
    part, path = quoted(part_path), quoted(target.path)
    if target.mode is None:
        return f"{far_stamp(part, wanted)} && mv -fT -- {part} {path}"
    restrict = "true"
    if more := target.mode & ~wanted.mode & (READ_BITS | SPECIAL_BITS):
        error = too_open(f"{target.path} on the instance", target.mode, wanted.mode)
        refuse = f"{{ printf %s {word(error.message)}; false; }}" if more & READ_BITS else "true"
        restrict = f"{{ chmod {target.mode & wanted.mode | stat.S_IWUSR:o} -- {path} 2>/dev/null || {refuse}; }}"
    stamped = f"{{ {{ {far_stamp(path, wanted)}; }} 2>/dev/null || true; }}"  # somebody else's file: as scp
    room = word(no_room(f"{target.path} on the instance").message)
    reserve = (
        f"n=$(stat -c %s -- {part}); ! {{ test $n -gt 0 && command -v fallocate >/dev/null && "
        f"LC_ALL=C fallocate -n -l $n -- {path} 2>&1 | grep -Eq 'No space|quota'; }} || {{ printf %s {room}; false; }}"
    )
    alone = "{ ! command -v flock >/dev/null || flock 9; }"  # part of util-linux, which a small image may lack
    write = f"( {alone} && {reserve} && {restrict} && cat {part} > {path} && {stamped} ) 9>> {path}"
    return f"{{ {write}; s=$?; rm -f -- {part}; test $s = 0; }}"


async def remove_far(shell: HostShell, part_path: str) -> None:
    """Remove a part that nobody will continue."""
    await shell.ask(f"rm -f -- {quoted(part_path)}")


def far_stamp(name: str, wanted: Attributes) -> str:
    """The same in shell; `name` is quoted already. Five digits: else a directory keeps its set-group-ID (chmod(1))."""
    times = f"touch -a -d @{wanted.accessed} -- {name} && touch -m -d @{wanted.modified} -- {name}"
    return f"chmod {wanted.mode:05o} -- {name} && {times}"


def is_full(error: OSError) -> bool:
    """Whether the disk has no room."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def no_room(name: str) -> DeployerError:
    """The disk is full; what was at the destination is as it was."""
    return DeployerError(
        f"There is no room for {name}: no space is left on its disk, and what is there was not touched.",
        "Free some space, and copy it again.",
        code=NO_SPACE,
    )


@contextmanager
def room_for(name: str) -> Iterator[None]:
    """Raise `no_room` where the disk is full in the block."""
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        raise no_room(name) from error


def _no_directory(name: str) -> DeployerError:
    return DeployerError(f"There is no directory {name}.", "Make it, or choose another destination.", code="file")


def _not_regular(name: str) -> DeployerError:
    return DeployerError(f"{name} is not a regular file.", "Choose another destination.", code="file")


def too_open(name: str, mode: int, wanted: int) -> DeployerError:
    """What is at the destination, not this user's, and open to more people than its source."""
    return DeployerError(
        f"{name} may be read by more people (mode {mode & MODE_BITS:o}) than its source (mode {wanted & MODE_BITS:o}), "
        "and its mode may not be changed.",
        "Choose another destination.",
        code="file",
    )
