"""Who else could have written a file: the question that OpenSSH asks of its files (StrictModes) and git of repositories
(safe.directory) before they believe what is in them.

A file is the user's own when the user or root owns it, every folder and symbolic link that leads to it, and nobody else
may write to any of these. The walk ends at the home directory: whoever can replace that needs no file of ours.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Objection:
    """Why a file may be somebody else's work. `place` is the file, or a link or a folder on the path to it.

    `stranger`: the place belongs to another user than this one and root; else others may write to it.
    """

    path: Path
    place: Path
    owner_id: int
    mode: int
    stranger: bool

    @property
    def reason(self) -> str:
        """The objection as one clause that names the file."""
        what = f"may be written by other users (mode {self.mode:04o})"
        if self.stranger:
            what = f"belongs to {_user_name(self.owner_id)}"
        return f"{self.path} {what}" if self.place == self.path else f"{self.path} is below {self.place}, which {what}"

    @property
    def remedy(self) -> str:
        """The command that makes the place the user's own, or closes it to others."""
        sudo = "" if os.getuid() in (0, self.owner_id) else "sudo "
        change = f"chown -h {os.getuid()}" if self.stranger else "chmod go-w"
        return f"{sudo}{change} {shlex.quote(str(self.place))}"


def objection_to(path: Path) -> Objection | None:
    """Why `path` may be somebody else's work; None when it is the user's or root's own.

    What does not exist, or cannot be examined, is passed over: opening it reports that. On Windows nothing is examined,
    as the mode of a file says nothing there.
    """
    if not hasattr(os, "getuid"):
        return None
    trusted = {os.getuid(), 0}
    for place in _places(path):
        try:
            status = place.lstat()
        except OSError:
            continue
        stranger = status.st_uid not in trusted
        if stranger or _others_may_write(place, status, trusted):
            return Objection(path, place, status.st_uid, stat.S_IMODE(status.st_mode), stranger)
    return None


def _places(path: Path) -> Iterator[Path]:
    """The path, each folder above it as far as the home directory, and where symbolic links among them lead."""
    home = _home()
    to_visit, visited = [path.absolute()], set[Path]()
    while to_visit:
        place = to_visit.pop()
        if place in visited:
            continue
        visited.add(place)
        yield place
        if place not in (home, place.parent):
            to_visit.append(place.parent)
        with contextlib.suppress(OSError):  # no link, which is the rule
            to_visit.append(place.parent / place.readlink())


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:  # no HOME, and no such user
        return None


def _others_may_write(place: Path, status: os.stat_result, trusted: set[int]) -> bool:
    mode = status.st_mode
    if stat.S_ISLNK(mode):
        return False  # the mode of a link means nothing
    if stat.S_ISDIR(mode) and mode & stat.S_ISVTX:
        return False  # as in /tmp: each entry may be replaced by its owner only, and that owner is examined too
    if mode & stat.S_IWOTH:
        return True
    return bool(mode & stat.S_IWGRP) and (_has_access_list(place) or not _is_private_group(status.st_gid, trusted))


def _is_private_group(group_id: int, trusted: set[int]) -> bool:
    """Whether it is the group that Linux makes for each user, under the user's name and for nobody else (umask 002).

    The name counts: a directory service may keep to itself who else is in a group.
    """
    import grp
    import pwd

    try:
        group = grp.getgrgid(group_id)
        members = {pwd.getpwnam(name).pw_uid for name in (group.gr_name, *group.gr_mem)}
    except KeyError:
        return False
    return {*members, *(user.pw_uid for user in pwd.getpwall() if user.pw_gid == group_id)} <= trusted


def _has_access_list(place: Path) -> bool:
    """Whether the group bits of the mode stand for an access control list, which may let in anybody (acl(5))."""
    if not hasattr(os, "listxattr"):  # on Linux only
        return False
    try:
        return "system.posix_acl_access" in os.listxattr(place, follow_symlinks=False)
    except OSError:
        return False


def _user_name(user_id: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return f"user id {user_id}"
