"""The two files: found without reading, and taken only when nobody else could have written them."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from generator.host.ownership import Objection

_TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$")


@dataclass(frozen=True)
class ConfigFile:
    """One file's defaults, and those of the named environments in it."""

    path: Path
    origin: Origin
    values: Mapping[str, str | int] = field(default_factory=dict)
    environments: Mapping[str, Mapping[str, str | int]] = field(default_factory=dict)


def user_path() -> Path:
    """The user's file (XDG base directory specification; APPDATA on Windows)."""
    home = os.environ.get("XDG_CONFIG_HOME") or os.environ.get("APPDATA") or Path.home() / ".config"
    return Path(home) / "deployer" / USER_FILE


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
        raise UsageError(f"{PROJECT_VARIABLE} says that there is no project's file.", f"unset {PROJECT_VARIABLE}")
    try:
        return project_path() or Path.cwd() / PROJECT_FILE
    except FileNotFoundError:
        raise DeployerError("The current folder does not exist any more.", "Go to another folder.") from None


def read_files() -> list[ConfigFile]:
    """The files that exist, the stronger first. Nothing is parsed where there is none."""
    project, user = project_path(), user_path()
    found = [read(project, Origin.PROJECT)] if project else []
    return [*found, read(user, Origin.USER)] if os.path.lexists(user) else found


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

    The text is edited in place and read back before it is kept, so comments and order stay. Raises UsageError.
    """
    if value is not None:
        _require_allowed(origin, environment, name)
    if os.path.lexists(path):
        parse.require_file(path)
    require_own(path, origin)
    before = parse.read_text(path) if os.path.lexists(path) else ""
    after = _edited(before, environment, name, value)
    if after == before:
        return False
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".deployer", delete=False) as draft:
        draft.write(after)
    try:
        found = read(Path(draft.name), origin)
        kept = found.environments.get(environment, {}) if environment else found.values
        assert kept.get(name) == value, "the edit took"
        Path(draft.name).replace(path)
    finally:
        Path(draft.name).unlink(missing_ok=True)
    return True


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


def _edited(text: str, environment: str, name: str, value: str | int | None) -> str:
    """The text with the key's line replaced, added at the end of its table, or taken out."""
    lines = text.splitlines()
    found = _table(lines, environment)
    start, end = found or (len(lines), len(lines))
    pattern = re.compile(rf'\s*(?:{re.escape(name)}|"{re.escape(name)}")\s*=')
    at = next((number for number in range(start, end) if pattern.match(lines[number])), None)
    new = [] if value is None else [f"{name} = {_toml(value)}"]
    if at is not None:
        lines[at : at + 1] = new
    elif new:
        head = [] if found else [f"[{ENVIRONMENTS}.{environment}]"]
        while end > start and not lines[end - 1].strip():
            end -= 1
        lines[end:end] = ([""] if head and lines else []) + head + new
    return "\n".join(lines) + "\n" if lines else ""


def _table(lines: list[str], environment: str) -> tuple[int, int] | None:
    """Where a table's own lines begin and end; None when it is not there. The file's own is always there."""
    heads = [(number, match[1]) for number, line in enumerate(lines) if (match := _TABLE.match(line))]
    ends = [number for number, _ in heads[1:]] + [len(lines)]
    if not environment:
        return 0, heads[0][0] if heads else len(lines)
    wanted = {f"{ENVIRONMENTS}.{environment}", f'{ENVIRONMENTS}."{environment}"'}
    for (number, head), end in zip(heads, ends, strict=False):
        if head in wanted:
            return number + 1, end
    return None


def _toml(value: str | int) -> str:
    """A TOML integer or string; keys refuse control characters, so a string needs two escapes only."""
    if isinstance(value, int):
        return str(value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
