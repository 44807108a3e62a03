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
from generator.errors import DeployerError, UsageError
from generator.model.config import (
    ENVIRONMENTS,
    PROJECT_FILE,
    PROJECT_KEYS,
    PROJECT_VARIABLE,
    USER_FILE,
    Origin,
    key_named,
)
from generator.operations.config import parse
from generator.operations.config.edit import edited

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


def path_to_edit(origin: Origin) -> Path:
    """The file that `config set` writes. For a project that has none, a new one in this folder. Raises UsageError."""
    if origin is Origin.USER:
        return user_path()
    if os.environ.get(PROJECT_VARIABLE) == os.devnull:
        raise UsageError(f"{PROJECT_VARIABLE} says to work without a project's file.", f"unset {PROJECT_VARIABLE}")
    try:
        return project_path() or Path.cwd() / PROJECT_FILE
    except FileNotFoundError:
        raise DeployerError("The current folder does not exist any more.", "Go to another folder.") from None


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


def places(name: str) -> list[tuple[ConfigFile, str]]:
    """Where a default is stored: each file that has it, with the named environment in it ("" for none)."""
    return [
        (file, title)
        for file in read_files()
        for title, table in [("", file.values), *file.environments.items()]
        if name in table
    ]


def write(path: Path, origin: Origin, environment: str, name: str, value: str | int | None) -> bool:
    """Set a default (None takes it away) in the file or in a named environment of it; False when nothing changed.

    Everything else in the file stays byte for byte. Raises UsageError for what the file may not hold, DeployerError
    for a file that cannot be used or edited; the file is then as it was.
    """
    if value is not None:
        _require_allowed(origin, environment, name)
    before = _text_to_edit(path, origin)
    parse.parse(path, before)
    try:
        after = edited(before, environment, name, value)
    except ValueError as error:
        where = f"[{ENVIRONMENTS}.{environment}]" if environment else "the top of the file"
        hint = f"Edit it with an editor: {name}, under {where}."
        raise DeployerError(f"{path} could not be changed: {error}.", hint, code="config-file") from None
    if after == before:
        return False
    if value is not None:  # taking something away leaves no file worse than it was
        parse.tables(path, origin, parse.parse(path, after))
    from generator.host.files import write_private

    write_private(path, after)
    return True


def _text_to_edit(path: Path, origin: Origin) -> str:
    exists = os.path.lexists(path)
    if exists:
        parse.require_file(path)
    require_own(path, origin)
    return parse.read_text(path) if exists else ""


def _require_allowed(origin: Origin, environment: str, name: str) -> None:
    """Raise UsageError for a default that may not be stored in this file, or not in a named environment."""
    if name == "environment" and environment:
        raise UsageError("A named environment cannot choose an environment.", "Leave --env out.")
    if name != "environment":
        key_named(name)
    if origin is Origin.PROJECT and name not in PROJECT_KEYS:
        raise UsageError(
            f"A project's file may set {', '.join(PROJECT_KEYS)}, and not {name}.", "Set it without --project."
        )
