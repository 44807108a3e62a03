"""config set and unset: one default stored or removed, in the user's file or the project's."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from generator.errors import DeployerError, NotFound, UsageError
from generator.host.files import write_private
from generator.model.config import (
    ENVIRONMENTS,
    PROJECT_KEYS,
    Origin,
    environment_name,
    key_named,
)
from generator.operations.config import parse
from generator.operations.config.edit import edited
from generator.operations.config.files import ConfigFile, read_files, require_own
from generator.operations.config.paths import PROJECT_FILE, PROJECT_VARIABLE, project_path, user_path
from generator.operations.publishing.keys import trusted_keys


@dataclass(frozen=True)
class Stored:
    """What became of a default: its value now, None for none, the file, and whether the file changed."""

    key: str
    value: str | int | None
    path: Path
    changed: bool


def set_default(key: str, text: str, *, project: bool = False, environment: str = "") -> Stored:
    """Store a default, in a named environment unless that is "".

    Raises UsageError for a key, a value or an environment that cannot be, or that this file may not hold, for a pin of
    what is no public key, and DeployerError for a file that cannot be used or edited; the file is then as it was.
    """
    value = environment_name(text) if key == "environment" else key_named(key).parse(text)
    origin = Origin.PROJECT if project else Origin.USER
    path = _path_to_edit(origin)
    if environment:
        environment_name(environment)
    _require_allowed(origin, environment, key)
    if key == "trusted-keys":
        trusted_keys([place.strip() for place in str(value).split(",")])
    return Stored(key, value, path, _write(path, origin, environment, key, value))


def unset_default(key: str, *, project: bool = False, environment: str = "") -> Stored:
    """Remove a default; one that is stored nowhere is no error.

    Raises NotFound, with the command that removes it, when another file or environment has it; else as `set_default`.
    """
    origin = Origin.PROJECT if project else Origin.USER
    path = _path_to_edit(origin)
    if environment:
        environment_name(environment)
    changed = _write(path, origin, environment, key, None)
    if not changed:
        _refuse_elsewhere(key, path, environment)
    return Stored(key, None, path, changed)


def _path_to_edit(origin: Origin) -> Path:
    """The file to write. For a project that has none, a new one in this folder. Raises UsageError."""
    if origin is Origin.USER:
        return user_path()
    if os.environ.get(PROJECT_VARIABLE) == os.devnull:
        raise UsageError(f"{PROJECT_VARIABLE} says to use no project file.", f"unset {PROJECT_VARIABLE}")
    try:
        return project_path() or Path.cwd() / PROJECT_FILE
    except FileNotFoundError:
        raise DeployerError("The current folder does not exist any more.", "Change to another folder.") from None


def _refuse_elsewhere(key: str, path: Path, environment: str) -> None:
    stored = _places(key)
    if not stored:
        return
    file, named = stored[0]
    options = ("--project " if file.origin is Origin.PROJECT else "") + (f"--env {named} " if named else "")
    asked, actual = (f"{p}{f' [{name}]' if name else ''}" for p, name in ((path, environment), (file.path, named)))
    raise NotFound(
        f"{key} is not set in {asked}; it is set in {actual}.",
        f"Remove it there: deployer config unset {options}{key}",
        code="not-set",
    )


def _places(name: str) -> list[tuple[ConfigFile, str]]:
    """Where a default is stored: each file that has it, with the named environment in it ("" for none)."""
    return [
        (file, title)
        for file in read_files()
        for title, table in [("", file.values), *file.environments.items()]
        if name in table
    ]


def _write(path: Path, origin: Origin, environment: str, name: str, value: str | int | None) -> bool:
    """Set a default, or remove it for None; False when nothing changed. Everything else stays byte for byte."""
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
