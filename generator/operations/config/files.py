"""The two files: found without reading, and taken only when nobody else could have written them."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from generator import directories
from generator.errors import DeployerError
from generator.model.config import (
    PROJECT_FILE,
    PROJECT_VARIABLE,
    USER_FILE,
    Origin,
)
from generator.operations.config import parse

if TYPE_CHECKING:
    from generator.host.ownership import Objection


@dataclass(frozen=True)
class ConfigFile:
    """One file's defaults, and those of the named environments in it."""

    path: Path
    origin: Origin
    values: Mapping[str, str | int] = field(default_factory=dict)
    environments: Mapping[str, Mapping[str, str | int]] = field(default_factory=dict)


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


def _is_home(folder: Path) -> bool:
    try:
        return folder.samefile(Path.home())
    except (OSError, RuntimeError):  # no such home
        return False


def read_files() -> list[ConfigFile]:
    """The files that exist, the stronger first. Nothing is parsed where none does."""
    project = project_path()
    files = [read(project, Origin.PROJECT)] if project else []
    with contextlib.suppress(directories.NoHome):
        if os.path.lexists(user := user_path()):
            files.append(read(user, Origin.USER))
    return files


def read(path: Path, origin: Origin) -> ConfigFile:
    """Read and check one file. Raises DeployerError that names the file and what is wrong with it."""
    parse.require_file(path)
    require_own(path, origin)
    tables = parse.tables(path, origin, parse.parse(path, parse.read_text(path)))
    return ConfigFile(path, origin, tables.pop(""), tables)


def require_own(path: Path, origin: Origin) -> None:
    """Raise DeployerError when somebody else could have written the file, or could replace it.

    A project's file that the user names by DEPLOYER_PROJECT_FILE is taken as it is: that is how to vouch for one.
    """
    from generator.host.ownership import objection_to

    if origin is Origin.PROJECT and os.environ.get(PROJECT_VARIABLE):
        return
    if objection := objection_to(path):
        hint = _way_out_of_project(objection) if origin is Origin.PROJECT else _way_out(objection)
        raise DeployerError(f"{objection.reason}, so nothing is taken from it.", hint, code="config-file-owner")


def _way_out(objection: Objection) -> str:
    if not objection.stranger:
        return f"Close it to others: {objection.remedy}"
    return f"If you trust what it says, make it yours: {objection.remedy}"


def _way_out_of_project(objection: Objection) -> str:
    """The same, or the variable: what belongs to a stranger is not made the user's own by our advice."""
    without = f"work without it: export {PROJECT_VARIABLE}={os.devnull}"
    if not objection.stranger:
        return f"{_way_out(objection)}; or {without}"
    return f"W{without[1:]}; or, if you trust it: export {PROJECT_VARIABLE}={shlex.quote(str(objection.path))}"
