"""The two files of stored defaults, taken only when nobody else could have written them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import DeployerError
from generator.model.config import Origin
from generator.operations.config import parse
from generator.operations.config.paths import PROJECT_VARIABLE, existing_user_path, project_path

if TYPE_CHECKING:
    from generator.host.ownership import Objection


@dataclass(frozen=True)
class ConfigFile:
    """One file's defaults, and those of the named environments in it."""

    path: Path
    origin: Origin
    values: Mapping[str, str | int] = field(default_factory=dict)
    environments: Mapping[str, Mapping[str, str | int]] = field(default_factory=dict)


def read_files() -> list[ConfigFile]:
    """The files that exist, the stronger first. Nothing is parsed where none does."""
    files = ((project_path(), Origin.PROJECT), (existing_user_path(), Origin.USER))
    return [read(path, origin) for path, origin in files if path]


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
        hint = _project_remedy(objection) if origin is Origin.PROJECT else _remedy(objection)
        raise DeployerError(f"{objection.reason}, so it is not used.", hint, code="config-file-owner")


def _remedy(objection: Objection) -> str:
    if not objection.stranger:
        return f"Restrict its permissions: {objection.remedy}"
    return f"If you trust its content, take ownership of it: {objection.remedy}"


def _project_remedy(objection: Objection) -> str:
    """The same, or the variable: what belongs to a stranger is not made the user's own by our advice."""
    without = f"work without it: export {PROJECT_VARIABLE}={os.devnull}"
    if not objection.stranger:
        return f"{_remedy(objection)}; or {without}"
    return f"W{without[1:]}; or, if you trust it: export {PROJECT_VARIABLE}={shlex.quote(str(objection.path))}"
