"""Directories through shell sessions: what is in one, and the same directories on the other side.

As `scp -rp` has it: into the destination where that is a directory, else by that name; symbolic links are followed;
what is there stays. Each file is then a copy of its own. A directory has the times of its source in the end, and its
mode; here that is less this user's umask, and one that was there keeps its own (so has scp). Until then one that is
made is for this user alone; one that was there is at no moment for anybody whom its source keeps out.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TypeVar

from generator.errors import DeployerError, UsageError
from generator.operations.sessions.copy_ends import (
    DIRECTORY_BITS,
    MODE_BITS,
    SPECIAL_BITS,
    Attributes,
    attributes_of,
    far_stamp,
    stamp,
    too_open,
)
from generator.operations.sessions.host_shell import HostShell, quoted, word

BATCH = 100
"""Directories that one request to the instance is about."""
T = TypeVar("T")
NEW, NOT_MADE = "new", "none"
LOOK_BITS = 0o555  # of a directory: who may list and enter it


@dataclass(frozen=True)
class Tree:
    """What is in a directory, by paths from it: its directories (itself as "") with what they hand on, parents first,
    and its regular files. There is nothing else in it."""

    directories: Mapping[str, Attributes]
    files: tuple[str, ...]


@dataclass(frozen=True)
class Made:
    """Where a tree goes, and the modes that directories of it had there already, by their paths in it."""

    target: str
    before: Mapping[str, int]

    def wider(self, tree: Tree) -> dict[str, int]:
        """The mode that each of these gets before anything is in it: of what it allows, what its source does."""
        return {
            relative: mode & (tree.directories[relative].mode | ~MODE_BITS) | stat.S_IRWXU
            for relative, mode in self.before.items()
            if mode & ~tree.directories[relative].mode & LOOK_BITS
        }


def batches(names: Sequence[T]) -> Iterator[Sequence[T]]:
    """As much of them as one request is about, until there are no more."""
    return (names[start : start + BATCH] for start in range(0, len(names), BATCH))


def name_of(name: str) -> str:
    """The name of a directory. Raises UsageError for one that has none of its own."""
    if name in ("", ".", ".."):
        raise UsageError("The directory to copy has no name of its own.", "Give its whole path.")
    return name


# Here


def near_tree(root: Path) -> Tree:
    """A directory of this computer. Raises UsageError for what is no regular file and no directory, and for a loop."""
    directories: dict[str, Attributes] = {}
    files: list[str] = []
    for path, within in _walk(root, ()):
        relative = "" if path == root else str(path.relative_to(root))
        if within:
            directories[relative] = attributes_of(path)
        elif path.is_file():
            files.append(relative)
        else:
            raise UsageError(f"{path} is no regular file and no directory.", "Copy what is beside it by name.")
    return Tree(directories, tuple(files))


def _walk(path: Path, above: Sequence[Path]) -> Iterator[tuple[Path, bool]]:
    """The path and all below it, sorted, links followed, and whether it is a directory."""
    if not path.is_dir():
        yield path, False
        return
    if (here := path.resolve()) in above:
        raise UsageError(f"{path} leads back to {here}, which it is in.", "Remove that link, or copy less.")
    yield path, True
    for child in sorted(path.iterdir()):
        yield from _walk(child, (*above, here))


def make_near(given: Path, name: str, tree: Tree, *, inside: bool) -> Made:
    """Make the directories of this computer for a copy called `name`. Raises DeployerError where that cannot be."""
    if inside and not given.is_dir():
        raise _no_directory(str(given))
    target = given / name if given.is_dir() else given
    if not target.parent.is_dir():
        raise _no_directory(str(target.parent))
    for relative in tree.files:
        if (target / relative).is_dir():
            raise _directory_instead(str(target / relative))
    before = {}
    for relative in tree.directories:
        path = target / relative
        if path.is_dir():
            before[relative] = stat.S_IMODE(path.stat().st_mode)
        elif path.exists():
            raise _not_a_directory(str(path))
        else:
            path.mkdir(mode=stat.S_IRWXU)
    made = Made(str(target), before)
    for relative, mode in made.wider(tree).items():
        try:
            (target / relative).chmod(mode)
        except PermissionError:
            raise too_open(str(target / relative), before[relative], tree.directories[relative].mode) from None
    return made


def finish_near(made: Made, tree: Tree, mask: int) -> None:
    """Give the directories their modes, less `mask`, and their times. Those of somebody else stay as they are."""
    narrowed = made.wider(tree)
    for relative, source in reversed([*tree.directories.items()]):
        path = Path(made.target) / relative
        if relative not in made.before:
            stamp(path, replace(source, mode=source.mode & ~mask))
            continue
        with suppress(PermissionError):
            stamp(path, replace(source, mode=narrowed.get(relative, made.before[relative])))


def umask() -> int:
    """What this user's new files and directories are not open to; POSIX tells it only to whoever sets it."""
    mask = os.umask(stat.S_IRWXG | stat.S_IRWXO)
    os.umask(mask)
    return mask


# On the instance


async def is_far_directory(shell: HostShell, path: str) -> bool:
    """Whether the path is a directory of the instance."""
    return b"yes" in await shell.ask(f"test -d {quoted(path)} && echo yes || echo no")


async def far_tree(shell: HostShell, path: str) -> Tree:
    """A directory of the instance. Raises DeployerError for anything else in it, and for names that lead out of it."""
    answer = await shell.ask(f"find -L {quoted(path)} -printf '%y %m %A@ %T@ %P\\0'")
    directories: dict[str, Attributes] = {}
    files: list[str] = []
    for entry in filter(None, answer.split(b"\0")):
        kind, mode, accessed, modified, relative = os.fsdecode(entry).split(" ", 4)
        _require_below(relative)
        if kind == "d":
            directories[relative] = Attributes(int(mode, 8) & DIRECTORY_BITS, _seconds(accessed), _seconds(modified))
        elif kind == "f":
            files.append(relative)
        else:
            where = f"{path}/{relative} on the instance"
            raise DeployerError(
                f"{where} is no regular file and no directory.", "Copy what is beside it by name.", code="file"
            )
    return Tree(dict(sorted(directories.items())), tuple(sorted(files)))


def _seconds(printed: str) -> int:
    """Whole seconds of a time as find prints it, with a fraction."""
    return int(printed.partition(".")[0])


def _require_below(relative: str) -> None:
    """The instance says the names; one that leads elsewhere on this computer is never written."""
    path = PurePosixPath(relative)
    if path.is_absolute() or ".." in path.parts:
        raise DeployerError(
            f"The instance named a file outside the directory that is copied: {relative}.",
            "Nothing was written for it. Look at that instance before you copy from it again.",
            code="outside",
        )


async def make_far(shell: HostShell, given: str, name: str, tree: Tree, *, inside: bool) -> Made:
    """Make the directories of the instance for a copy called `name`. Raises DeployerError where that cannot be."""
    exists = await is_far_directory(shell, given)
    if inside and not exists:
        raise _no_directory(f"{given} on the instance")
    target = f"{given.rstrip('/') or '/'}/{name}" if exists else given.rstrip("/")
    parent = quoted(str(PurePosixPath(target).parent))
    if b"no" in await shell.ask(f"test -d {parent} && echo yes || echo no"):
        raise _no_directory(f"{PurePosixPath(target).parent} on the instance")
    if await is_far_directory(shell, target):
        await _refuse_directories(shell, [joined(target, relative) for relative in tree.files])
    before: dict[str, int] = {}
    for some in batches(list(tree.directories)):
        script = "; ".join(_make(joined(target, relative)) for relative in some)
        answers = (await shell.ask(script)).decode().split()
        for relative, answer in zip(some, answers, strict=True):
            if answer == NOT_MADE:
                raise _not_a_directory(f"{joined(target, relative)} on the instance")
            if answer != NEW:
                before[relative] = int(answer, 8)
    made = Made(target, before)
    await _close_far(shell, made, tree)
    return made


async def _refuse_directories(shell: HostShell, paths: Sequence[str]) -> None:
    """Raise DeployerError where a directory has the path of a file: the file would be put into it."""
    for some in batches(paths):
        script = "; ".join(f"test -d {quoted(path)} && echo {number}" for number, path in enumerate(some))
        if numbers := (await shell.ask(f"{script}; true")).split():
            raise _directory_instead(f"{some[int(numbers[0])]} on the instance")


def _make(path: str) -> str:
    """Shell that makes a directory for this user alone and says so, or says the mode of the one that is there."""
    name = quoted(path)
    made = f"mkdir -m 700 -- {name} 2>/dev/null && echo {NEW} || echo {NOT_MADE}"
    return (
        f"if test -d {name}; then stat -L -c %a -- {name}; elif test -e {name}; then echo {NOT_MADE}; else {made}; fi"
    )


async def _close_far(shell: HostShell, made: Made, tree: Tree) -> None:
    """Before anything is in them: nobody may look into directories that were there whom their source keeps out."""
    for relative, mode in made.wider(tree).items():
        path, wanted = joined(made.target, relative), tree.directories[relative].mode
        refusal = word(too_open(f"{path} on the instance", made.before[relative], wanted).message)
        await shell.ask(f"chmod {mode:05o} -- {quoted(path)} 2>/dev/null || {{ printf %s {refusal}; false; }}")


async def finish_far(shell: HostShell, made: Made, tree: Tree) -> None:
    """Give the directories their modes and times, the innermost first. Those of somebody else stay as they are."""
    for some in batches([*tree.directories][::-1]):
        await shell.ask(" && ".join(_finish(made, tree, relative) for relative in some))


def _finish(made: Made, tree: Tree, relative: str) -> str:
    source, before = tree.directories[relative], made.before.get(relative, 0)
    wanted = replace(source, mode=source.mode | before & SPECIAL_BITS)  # one that was there keeps these
    stamped = far_stamp(quoted(joined(made.target, relative)), wanted)
    return f"{{ {{ {stamped}; }} 2>/dev/null || true; }}" if relative in made.before else stamped


def joined(target: str, relative: str) -> str:
    """The path of something in a directory of the instance; "" is the directory itself."""
    return f"{target}/{relative}" if relative else target


def _no_directory(name: str) -> DeployerError:
    return DeployerError(f"There is no directory {name}.", "Make it, or choose another destination.", code="file")


def _directory_instead(name: str) -> DeployerError:
    return DeployerError(
        f"{name} is a directory, and what is to be copied has a file of that name.",
        "Move it away, or choose another destination.",
        code="file",
    )


def _not_a_directory(name: str) -> DeployerError:
    return DeployerError(
        f"{name} is no directory, and could not be made one.",
        "Remove what is there, or choose another destination.",
        code="file",
    )
