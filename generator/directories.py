"""Where this program keeps what is the user's on this computer: one folder name, in the directories of the platform.

XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_CACHE_HOME and XDG_STATE_HOME are honoured on Linux and macOS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.errors import DeployerError

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "deployer"
CONFIG_VARIABLE = "XDG_CONFIG_HOME"
"""Names the folder above `config()` (XDG base directory specification)."""


class NoHome(DeployerError):
    """The user has no home directory, as in some containers. What only reads goes on without one."""


def config() -> Path:
    """What the user set: stored defaults. `~/.config/deployer` on Linux."""
    return _directory("config")


def data() -> Path:
    """What was fetched to stay: certificate authorities. `~/.local/share/deployer` on Linux."""
    return _directory("data")


def cache() -> Path:
    """What can be made again. `~/.cache/deployer` on Linux."""
    return _directory("cache")


def state() -> Path:
    """What this program remembers from run to run: host keys, the sandbox. `~/.local/state/deployer` on Linux."""
    return _directory("state")


def private_state(name: str) -> Path:
    """A directory below `state` that exists and that only this user may enter (mode 0700). Raises OSError."""
    directory = state() / name
    for each in (directory.parent, directory):
        each.mkdir(parents=True, exist_ok=True, mode=0o700)
    return directory


def _directory(kind: str) -> Path:
    """One of the user's directories, which need not exist yet. Raises NoHome."""
    from platformdirs import PlatformDirs  # 5 ms, which no help should wait for

    try:
        path: Path = getattr(PlatformDirs(FOLDER, appauthor=False, roaming=kind == "config"), f"user_{kind}_path")
    except RuntimeError:
        raise NoHome("The home directory of this user is not known.", "Set HOME to it.", code="no-home") from None
    return path
