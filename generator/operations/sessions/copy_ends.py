"""The two ends of a copy through shell sessions: the target, the partial file beside it, and how it becomes the target.

As `scp -p` has it: a symbolic link is followed and stays, an existing file keeps its inode and owner, the copy gets the
mode bits (of 0777) and the times of its source. At no moment may anybody read the copy who may not read the source.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from generator.errors import DeployerError
from generator.operations.sessions.host_shell import HostShell, quoted

SUFFIX = ".deployer-part"
LONGEST_BEGINNING = 200  # bytes of a name; a file's may have 255
MODE_BITS = 0o777  # what scp keeps: no set-user-id
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
    """What a copy of a file here takes over."""
    status = path.stat()
    return Attributes(status.st_mode & MODE_BITS, int(status.st_atime), int(status.st_mtime))


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
        _stamp(part, wanted)
        part.rename(target)
        return
    try:
        with part.open("rb") as source, os.fdopen(os.open(target, os.O_WRONLY), "wb") as out:
            fcntl.flock(out, fcntl.LOCK_EX)
            _restrict_mode(out.fileno(), str(target), wanted.mode)
            out.truncate()
            shutil.copyfileobj(source, out)
        with suppress(PermissionError):  # somebody else's file, which this user may write: scp leaves it at that
            _stamp(target, wanted)
    finally:
        part.unlink()


def _restrict_mode(handle: int, name: str, mode: int) -> None:
    """Before the bytes arrive in an existing file: nobody may read them there who may not read the source."""
    before = os.fstat(handle).st_mode & MODE_BITS
    if before & ~mode & READ_BITS:
        try:
            os.fchmod(handle, before & mode | stat.S_IWUSR)
        except PermissionError:
            raise _too_open(name, before, mode) from None


def _stamp(path: Path, wanted: Attributes) -> None:
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
    given, inner = quoted(path), quoted(f"{path.rstrip('/')}/{name}")
    wrong = f'test {inner} != "$d"' if inside else "false"
    answer = await shell.ask(
        f'd={given}; if test -d {given}; then d={inner}; fi; r=$(readlink -f -- "$d"); '
        f'if {wrong} || test -z "$r" || ! test -d "${{r%/*}}/"; then echo none; '
        'elif test -e "$r"; then test -f "$r" || echo special; test -w "$r" || echo read-only; stat -c %a -- "$r"; '
        'else echo new; fi; printf %s "$r"'
    )
    kind, _, resolved = os.fsdecode(answer).partition("\n")
    if kind == "none":
        raise _no_directory(f"{path} on the instance")
    where = resolved.rpartition("\n")[2]
    if kind == "special":
        raise _not_regular(f"{where} on the instance")
    if kind == "read-only":
        words = f"{where} on the instance may not be written by the session's user."
        raise DeployerError(words, "Choose another destination.", code="host-refused")
    return FarTarget(resolved, None if kind == "new" else int(kind, 8) & MODE_BITS)


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
    part, path = quoted(part_path), quoted(target.path)
    if target.mode is None:
        await shell.ask(f"{_far_stamp(part, wanted)} && mv -fT -- {part} {path}")
        return
    restrict = "true"
    if target.mode & ~wanted.mode & READ_BITS:
        error = _too_open(f"{target.path} on the instance", target.mode, wanted.mode)
        refuse = f"{{ printf %s {shlex.quote(error.message)}; false; }}"
        restrict = f"{{ chmod {target.mode & wanted.mode | stat.S_IWUSR:o} -- {path} 2>/dev/null || {refuse}; }}"
    stamped = f"{{ {{ {_far_stamp(path, wanted)}; }} 2>/dev/null || true; }}"  # somebody else's file: as scp
    alone = "{ ! command -v flock >/dev/null || flock 9; }"  # part of util-linux, which a small image may lack
    write = f"( trap '' HUP INT TERM; {alone} && {restrict} && cat {part} > {path} && {stamped} ) 9>> {path}"
    await shell.ask(f"{write}; s=$?; rm -f -- {part}; test $s = 0")


async def remove_far(shell: HostShell, part_path: str) -> None:
    """Remove a part that nobody will continue."""
    await shell.ask(f"rm -f -- {quoted(part_path)}")


def _far_stamp(name: str, wanted: Attributes) -> str:
    times = f"touch -a -d @{wanted.accessed} -- {name} && touch -m -d @{wanted.modified} -- {name}"
    return f"chmod {wanted.mode:o} -- {name} && {times}"


def _no_directory(name: str) -> DeployerError:
    return DeployerError(f"There is no directory {name}.", "Make it, or choose another destination.", code="file")


def _not_regular(name: str) -> DeployerError:
    return DeployerError(f"{name} is not a regular file.", "Choose another destination.", code="file")


def _too_open(name: str, mode: int, wanted: int) -> DeployerError:
    return DeployerError(
        f"{name} may be read by more people (mode {mode:o}) than its source (mode {wanted:o}), "
        "and its mode may not be changed.",
        "Choose another destination.",
        code="file",
    )
