"""The key that simultaneous SSH connections share, for programs that run ssh by themselves (`ssh-config`).

A line of ssh's configuration can name one file only, and ssh reads that file twice: its public half when it starts,
its private half when it logs in. So while any connection may still log in, the key is neither replaced nor removed.
Each connection claims it before ssh starts (`Match exec`) and releases it when its ProxyCommand ends. A claim ends by
itself with its ssh process, and after VALID seconds: AWS takes a pushed key for that long and no longer. The last one
to leave removes everything. Not every ssh has a proxy (`ssh -G`, `ssh -O`, one that shares another's connection, one
that was killed), so a janitor, one process for all simultaneous claims, watches the key while it exists.
"""

from __future__ import annotations

import fcntl
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from generator.errors import UsageError
from generator.host.ssh import config_path, make_pair, state_directory, write_private
from generator.host.this_program import own_command

VALID = 60.0  # seconds for which EC2 Instance Connect takes a key
FRESH = 20.0  # seconds after a push in which another connection relies on it: VALID, less the time to log in
JANITOR_INTERVAL = 1.0  # seconds
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}")


@dataclass(frozen=True)
class SharedKey:
    """The key for one login on one instance. Its directory is private to this user."""

    directory: Path
    user: str

    @property
    def path(self) -> Path:
        """The private half, mode 0600; the time of its last change is that of its last push."""
        return self.directory / f"key.{self.user}"

    def claim(self, owner: int, push: Callable[[str], None], comment: str) -> None:
        """Have a key that the instance accepts now and that stays until the ssh process `owner` has logged in.

        `push` gets the public half if the instance does not accept it already. What it raises leaves no claim behind.
        """
        with self._locked():
            if not self._live_claims():
                self._remove()
            claim = self._claim(owner)
            try:
                if not self.path.exists():
                    self._make(comment)
                if not 0 <= _age(self.path) <= FRESH:
                    push(self._public.read_text(encoding="utf-8").strip())
                    _stamp(self.path)
                claim.touch(mode=0o600)
                _stamp(claim)
            finally:
                self._tidy()

    def release(self, owner: int | None) -> None:
        """Give up a claim; one that has ended by itself needs no owner. The last one removes the key."""
        with self._locked():
            self._claim(owner).unlink(missing_ok=True)
            self._tidy()

    def become_janitor(self) -> int | None:
        """Become the janitor. Return the handle that makes this process one, and any that inherits it; None if there is
        one already."""
        with self._locked():
            lock = os.open(self._janitor_lock, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                return None
            return lock

    def watch(self, lock: int) -> None:
        """Do the janitor's work; return when the key is removed."""
        while not self._finished(lock):
            time.sleep(JANITOR_INTERVAL)

    def _finished(self, lock: int) -> bool:
        """Tidy; give up the janitor's lock with the key, so that the next key can have a janitor."""
        with self._locked():
            self._tidy()
            if self.path.exists():
                return False
            self._janitor_lock.unlink(missing_ok=True)
            os.close(lock)
            return True

    @property
    def _janitor_lock(self) -> Path:
        return self.directory / f"janitor.{self.user}"

    @property
    def _public(self) -> Path:
        return self.directory / f"public.{self.user}"

    @property
    def _claims(self) -> str:
        """What the names of all claims begin with; no login contains an @."""
        return f"claim.{self.user}@"

    def _claim(self, owner: int | None) -> Path:
        return self.directory / f"{self._claims}{socket.gethostname()}@{owner}"

    def _make(self, comment: str) -> None:
        pair = make_pair(comment)
        self._public.write_text(pair.public_key + "\n", encoding="utf-8")
        write_private(self.path, pair)
        _stamp(self.path, 0)  # not pushed yet

    def _tidy(self) -> None:
        if not self._live_claims():
            self._remove()

    def _live_claims(self) -> bool:
        """Whether anybody may still log in. Claims that have ended are removed."""
        claims = list(self.directory.glob(f"{self._claims}*"))
        live = [_is_live(claim) for claim in claims]
        for claim in (claim for claim, lives in zip(claims, live, strict=True) if not lives):
            claim.unlink(missing_ok=True)
        return any(live)

    def _remove(self) -> None:
        for path in (self.path, self._public):
            path.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time. The lock's file goes with the last of the rest."""
        lock = self.directory / "lock"
        handle = _lock(lock)
        try:
            yield
        finally:
            if [path.name for path in self.directory.iterdir()] == [lock.name]:
                lock.unlink()
            os.close(handle)


def start_janitor(key: SharedKey) -> None:
    """Start a process that watches the key, unless one does. It inherits no other open file of this one."""
    lock = key.become_janitor()
    if lock is None:
        return
    devnull = subprocess.DEVNULL
    command = own_command(str(key.directory), key.user, str(lock), module="generator.host.shared_key")
    try:
        subprocess.Popen(
            command, stdin=devnull, stdout=devnull, stderr=devnull, cwd="/", start_new_session=True, pass_fds=(lock,)
        )
    finally:
        os.close(lock)


def ssh_above() -> int | None:
    """The ssh process that started this one; None if it has ended and init is the parent now."""
    parent = os.getppid()
    if parent != 1:
        return parent
    try:
        return (
            parent if Path("/proc/1/comm").read_text(encoding="utf-8").strip() == "ssh" else None
        )  # ssh alone in a container
    except OSError:
        return None


def shared_key(instance_id: str, user: str) -> SharedKey:
    """The key for a login on an instance. Raises UsageError for what cannot be a login."""
    if not _USER.fullmatch(user):
        raise UsageError(
            f"{user} is not a login.", "Name a user of the instance, as in: ssh ec2-user@NAME", code="user"
        )
    directory = _directory(instance_id)
    directory.mkdir(exist_ok=True, mode=0o700)
    return SharedKey(directory, user)


def identity_file(instance_id: str) -> str:
    """Where the key of any login on an instance is, as a setting of ssh: %r is the login."""
    return config_path(_directory(instance_id) / "key.LOGIN").replace("key.LOGIN", "key.%r")


def _directory(instance_id: str) -> Path:
    return state_directory() / instance_id


def _lock(path: Path) -> int:
    """A handle that holds the lock. A file that was removed while this process waited for it does not count."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.fstat(handle).st_ino == path.stat().st_ino:
                return handle
        os.close(handle)


def _is_live(claim: Path) -> bool:
    """Whether the claim's process may still log in. A process of another computer that shares this home is believed."""
    _, host, owner = claim.name.split("@")
    return abs(_age(claim)) <= VALID and (host != socket.gethostname() or _is_running(int(owner)))


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def _stamp(path: Path, seconds: float | None = None) -> None:
    """Set a file's time by this computer's clock, which may not be the file server's."""
    now = time.time() if seconds is None else seconds
    os.utime(path, (now, now))


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":  # the janitor
    SharedKey(Path(sys.argv[1]), sys.argv[2]).watch(int(sys.argv[3]))
