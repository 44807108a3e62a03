"""Directories through shell sessions: what is in one, and the same directories on the other side.

As `scp -r` has it: into the destination where that is a directory, else by that name; symbolic links are followed;
what is there stays. Each file is then a copy of its own. A directory that is made has the mode of its source in the
end, and is for this user alone until all is in it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from generator.errors import DeployerError, UsageError
from generator.operations.sessions.copy_ends import MODE_BITS
from generator.operations.sessions.host_shell import HostShell, quoted

BATCH = 100
"""Directories that one request to the instance is about."""


@dataclass(frozen=True)
class Tree:
    """What is in a directory, by paths from it: its directories (itself as "") with their modes, parents first, and its
    regular files. There is nothing else in it."""

    directories: Mapping[str, int]
    files: tuple[str, ...]


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + BATCH] for start in range(0, len(names), BATCH))


# Here


def near_tree(root: Path) -> Tree:
    """A directory of this computer. Raises UsageError for what is no regular file and no directory, and for a loop."""
    directories: dict[str, int] = {}
    files: list[str] = []
    for path, within in _walk(root, ()):
        relative = "" if path == root else str(path.relative_to(root))
        if within:
            directories[relative] = path.stat().st_mode & MODE_BITS
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


def make_near(given: Path, name: str, tree: Tree, *, inside: bool) -> tuple[Path, list[str]]:
    """The directory of this computer for a copy called `name`, and which directories of the tree were made for it."""
    if inside and not given.is_dir():
        raise _no_directory(str(given))
    target = given / name if given.is_dir() else given
    if not target.parent.is_dir():
        raise _no_directory(str(target.parent))
    made = []
    for relative in tree.directories:
        path = target / relative
        if path.exists() and not path.is_dir():
            raise _not_a_directory(str(path))
        if not path.is_dir():
            path.mkdir(mode=stat.S_IRWXU)
            made.append(relative)
    return target, made


def finish_near(target: Path, tree: Tree, made: Sequence[str]) -> None:
    """Give the directories that were made their modes, the innermost first."""
    for relative in reversed(made):
        (target / relative).chmod(tree.directories[relative])


# On the instance


async def is_far_directory(shell: HostShell, path: str) -> bool:
    """Whether the path is a directory of the instance."""
    return b"yes" in await shell.ask(f"test -d {quoted(path)} && echo yes || echo no")


async def far_tree(shell: HostShell, path: str) -> Tree:
    """A directory of the instance. Raises DeployerError for anything else in it, and for names that lead out of it."""
    answer = await shell.ask(f"find -L {quoted(path)} -printf '%y %m %P\\0'")
    directories: dict[str, int] = {}
    files: list[str] = []
    for entry in filter(None, answer.split(b"\0")):
        kind, mode, relative = os.fsdecode(entry).split(" ", 2)
        _require_below(relative)
        if kind == "d":
            directories[relative] = int(mode, 8) & MODE_BITS
        elif kind == "f":
            files.append(relative)
        else:
            where = f"{path}/{relative} on the instance"
            raise DeployerError(
                f"{where} is no regular file and no directory.", "Copy what is beside it by name.", code="file"
            )
    return Tree(dict(sorted(directories.items())), tuple(sorted(files)))


def _require_below(relative: str) -> None:
    """The instance says the names; one that leads elsewhere on this computer is never written."""
    path = PurePosixPath(relative)
    if path.is_absolute() or ".." in path.parts:
        raise DeployerError(
            f"The instance named a file outside the directory that is copied: {relative}.",
            "Nothing was written for it. Look at that instance before you copy from it again.",
            code="outside",
        )


async def make_far(shell: HostShell, given: str, name: str, tree: Tree, *, inside: bool) -> tuple[str, list[str]]:
    """The directory of the instance for a copy called `name`, and which directories of the tree were made for it."""
    exists = await is_far_directory(shell, given)
    if inside and not exists:
        raise _no_directory(f"{given} on the instance")
    target = f"{given.rstrip('/') or '/'}/{name}" if exists else given.rstrip("/")
    parent = quoted(str(PurePosixPath(target).parent))
    if b"no" in await shell.ask(f"test -d {parent} && echo yes || echo no"):
        raise _no_directory(f"{PurePosixPath(target).parent} on the instance")
    made: list[str] = []
    for some in _batches(list(tree.directories)):
        script = "; ".join(_make(joined(target, relative)) for relative in some)
        answers = (await shell.ask(script)).split()
        for relative, answer in zip(some, answers, strict=True):
            if answer not in (b"old", b"new"):
                raise _not_a_directory(f"{joined(target, relative)} on the instance")
        made += [relative for relative, answer in zip(some, answers, strict=True) if answer == b"new"]
    return target, made


def _make(path: str) -> str:
    """Shell that makes a directory for this user alone, unless it is there, and says which."""
    name = quoted(path)
    made = f"mkdir -m 700 -- {name} 2>/dev/null && echo new || echo none"
    return f"if test -d {name}; then echo old; elif test -e {name}; then echo other; else {made}; fi"


async def finish_far(shell: HostShell, target: str, tree: Tree, made: Sequence[str]) -> None:
    """Give the directories that were made their modes, the innermost first."""
    for some in _batches(made[::-1]):
        modes = (f"chmod {tree.directories[relative]:o} -- {quoted(joined(target, relative))}" for relative in some)
        await shell.ask(" && ".join(modes))


def joined(target: str, relative: str) -> str:
    """The path of something in a directory of the instance; "" is the directory itself."""
    return f"{target}/{relative}" if relative else target


def _no_directory(name: str) -> DeployerError:
    return DeployerError(f"There is no directory {name}.", "Make it, or choose another destination.", code="file")


def _not_a_directory(name: str) -> DeployerError:
    return DeployerError(
        f"{name} is no directory, and could not be made one.",
        "Remove what is there, or choose another destination.",
        code="file",
    )
