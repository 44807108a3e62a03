"""The two files: found without reading, read only when there, and edited so that comments stay."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generator.errors import DeployerError, UsageError
from generator.model.config import ENVIRONMENTS, KEYS, PROJECT_FILE, USER_FILE, Origin, key_named

Values = dict[str, str | int]
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


def project_path(create: bool = False) -> Path | None:
    """The project's file: in this folder or the nearest one above it, the home directory left out.

    With `create`, where a new one would be: this folder.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if folder == Path.home():
            break
        if (folder / PROJECT_FILE).is_file():
            return folder / PROJECT_FILE
    return here / PROJECT_FILE if create else None


def read_files() -> list[ConfigFile]:
    """The files that are there, the stronger first. Nothing is parsed where there is none."""
    places = ((project_path(), Origin.PROJECT), (user_path(), Origin.USER))
    return [read(path, origin) for path, origin in places if path and path.is_file()]


def read(path: Path, origin: Origin) -> ConfigFile:
    """Parse and check one file. Raises DeployerError that names the file and what is wrong in it."""
    import tomllib

    try:
        content = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise DeployerError(f"{path} could not be read: {error}.", "Mend or remove it.", code="config-file") from None
    named = content.pop(ENVIRONMENTS, {})
    if not isinstance(named, dict) or not all(isinstance(table, dict) for table in named.values()):
        raise _bad(path, f"{ENVIRONMENTS} must hold tables")
    return ConfigFile(
        path,
        origin,
        _checked(path, origin, content),
        {name: _checked(path, origin, table) for name, table in named.items()},
    )


def _checked(path: Path, origin: Origin, table: Mapping[str, Any]) -> Values:
    values: Values = {}
    for name, value in table.items():
        if name == "environment" and isinstance(value, str):
            values[name] = value
            continue
        if name not in KEYS or isinstance(value, bool) or not isinstance(value, (str, int)):
            raise _bad(path, f"{name} is no stored default, or no text")
        if origin is Origin.PROJECT and not KEYS[name].anywhere:
            raise _bad(path, f"{name} is taken from your own file only")
        try:
            values[name] = KEYS[name].parse(str(value))
        except UsageError as error:
            raise _bad(path, error.message.rstrip("."), error.hint) from None
    return values


def _bad(path: Path, what: str, allowed: str = "") -> DeployerError:
    # No command is named: each of them reads the file first, and would end with this very error.
    hint = f"Mend or remove that line in the file. {allowed}".strip()
    return DeployerError(f"{path}: {what}.", hint, code="config-file")


def places(name: str) -> list[tuple[ConfigFile, str]]:
    """Where a default stands: each file that has it, with the named environment in it ("" for none)."""
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
    key = None if name == "environment" else key_named(name)
    if key and origin is Origin.PROJECT and not key.anywhere:
        raise UsageError(f"{name} is not taken from a project's file.", "Set it without --project.")
    before = path.read_text() if path.is_file() else ""
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
