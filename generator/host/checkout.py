"""The commit of a checkout. The build runs this file by its path, so it imports nothing of this program."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

BUILT_IN = ("generator/", "share/")
"""Folders of which the package takes also what git does not know."""
SECONDS = 30.0


def commit_of(folder: Path) -> str:
    """The commit (40 or 64 hexadecimal digits) that this folder is a checkout of; "" where that is not so.

    It is not so where git or its repository is not there, where the folder is only a part of a checkout, and where
    something was changed since the commit.
    """
    if Path(_git(folder, "rev-parse", "--show-toplevel") or "/").resolve() != folder.resolve():
        return ""
    changes = _git(folder, "status", "--porcelain", "--untracked-files=all")
    if changes is None or any(map(_counts, changes.splitlines())):
        return ""
    commit = _git(folder, "rev-parse", "HEAD") or ""
    return commit if is_commit(commit) else ""


def is_commit(text: str) -> bool:
    """Whether a text is the whole name of a commit, as git writes it."""
    return re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", text) is not None


def _counts(line: str) -> bool:
    """Whether a line of git's status is of something that is built in, or was committed otherwise."""
    return not line.startswith("?? ") or line[3:].strip('"').startswith(BUILT_IN)


def _git(folder: Path, *argv: str) -> str | None:
    """What git prints, without the line's end; None where it fails."""
    try:
        ran = subprocess.run(
            ["git", "-C", str(folder), *argv], capture_output=True, text=True, check=True, timeout=SECONDS
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return ran.stdout.rstrip("\n")
