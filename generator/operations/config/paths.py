"""Where stored defaults are: the user's file and the project's, looked for without reading one.

Every command asks, and most find nothing: so this file imports nothing that reading needs.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from generator import directories

USER_FILE = "config.toml"
PROJECT_FILE = ".deployer.toml"
PROJECT_VARIABLE = "DEPLOYER_PROJECT_FILE"  # the file to take in place of the search; os.devnull for none
ENVIRONMENT_VARIABLE = "DEPLOYER_ENV"


def user_path() -> Path:
    """The user's file, which need not exist. Raises NoHome."""
    return directories.config() / USER_FILE


def project_path() -> Path | None:
    """The project's file: in this folder or the nearest one above it, the home directory left out.

    The variable DEPLOYER_PROJECT_FILE names a file in place of the search; /dev/null means none.
    """
    if named := os.environ.get(PROJECT_VARIABLE):
        return None if named == os.devnull else Path(named)
    try:
        here = Path.cwd()
    except FileNotFoundError:  # the folder was removed under this process
        return None
    for folder in (here, *here.parents):
        if _is_home(folder):
            return None
        if os.path.lexists(folder / PROJECT_FILE):
            return folder / PROJECT_FILE
    return None


def existing_user_path() -> Path | None:
    """The user's file, if there is one."""
    with contextlib.suppress(directories.NoHome):
        if os.path.lexists(user := user_path()):
            return user
    return None


def anything_stored(environment: str) -> bool:
    """Whether there is a file, or a named environment is asked for, which a file must have."""
    named = environment or os.environ.get(ENVIRONMENT_VARIABLE)
    return bool(named or project_path() or existing_user_path())


def _is_home(folder: Path) -> bool:
    try:
        return folder.samefile(Path.home())
    except (OSError, RuntimeError):  # no such home
        return False
