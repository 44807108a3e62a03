"""The content of one file of stored defaults: read within limits, and checked key by key."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from generator.errors import DeployerError, UsageError
from generator.model.config import ENVIRONMENTS, KEYS, PROJECT_KEYS, Origin

Values = dict[str, str | int]
SIZE_LIMIT = 64 * 1024  # bytes


def require_file(path: Path) -> None:
    """Raise DeployerError for what is no file, without opening it: some devices act on being opened."""
    with _reported(path):
        _require_regular(path, path.stat().st_mode)


def read_text(path: Path) -> str:
    """The file's text, its line ends as they are. Raises DeployerError for what is no text file of a sensible size."""
    with _reported(path), open(path, "rb", opener=_open_at_once) as file:
        _require_regular(path, os.fstat(file.fileno()).st_mode)
        content = file.read(SIZE_LIMIT + 1)
    if len(content) > SIZE_LIMIT:
        raise _unusable(path, f"is larger than {SIZE_LIMIT // 1024} KiB")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise _unusable(path, f"is not UTF-8 text: byte {error.start + 1} cannot be decoded") from None


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise _unusable(path, "does not exist, or is a symbolic link to a file that does not") from None
    except OSError as error:
        raise _unusable(path, f"could not be read: {error.strerror}") from None


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # opening a FIFO would wait for its writer


def _require_regular(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise _unusable(path, f"is a {_KINDS.get(stat.S_IFMT(mode), 'special file')}, not a file of stored defaults")


_KINDS = {
    stat.S_IFDIR: "directory",
    stat.S_IFIFO: "FIFO",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


def _unusable(path: Path, what: str) -> DeployerError:
    return DeployerError(f"{path} {what}.", "Fix the file, or move it away.", code="config-file")


def parse(path: Path, text: str) -> dict[str, Any]:
    """The text as TOML. Raises DeployerError that names the file and the line."""
    import tomllib

    try:
        return tomllib.loads(text)
    except ValueError as error:
        if text.startswith("\ufeff"):
            raise _unusable(path, "begins with a byte order mark, which TOML has not") from None
        raise _unusable(path, f"is not TOML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise _unusable(path, "is not TOML that can be read: it is nested too deeply") from None


def tables(path: Path, origin: Origin, content: Mapping[str, Any]) -> dict[str, Values]:
    """The stored defaults in a file's content, by named environment; "" is the file's own table.

    Raises DeployerError that names the file and the first key that cannot stay.
    """
    named = content.get(ENVIRONMENTS, {})
    if not isinstance(named, dict) or not all(isinstance(table, dict) for table in named.values()):
        raise _unusable(path, f"must hold tables under {ENVIRONMENTS}, like [{ENVIRONMENTS}.test]")
    own = {name: value for name, value in content.items() if name != ENVIRONMENTS}
    return {
        environment: {name: _checked(path, origin, environment, name, value) for name, value in table.items()}
        for environment, table in {"": own, **named}.items()
    }


def _checked(path: Path, origin: Origin, environment: str, name: str, value: Any) -> str | int:
    """The value as it is used, when this key may be in this place with this value."""
    if name not in KEYS and (name != "environment" or environment):
        raise _misplaced(path, origin, environment, name, f"{_shown(name)} is not a stored default")
    if origin is Origin.PROJECT and name not in PROJECT_KEYS:
        raise _misplaced(path, origin, environment, name, f"a project's file may not set {name}")
    try:
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise UsageError(f"{name} is neither text nor a whole number.")
        return value if name == "environment" else KEYS[name].parse(str(value))
    except UsageError as error:
        hint = f"Fix that line in the file. {error.hint}".strip()
        raise DeployerError(f"{path}: {error.message}", hint, code="config-file") from None
    except ValueError:  # an integer of thousands of digits has no text
        raise DeployerError(f"{path}: {name} is too large.", "Fix that line in the file.", code="config-file") from None


def _misplaced(path: Path, origin: Origin, environment: str, name: str, what: str) -> DeployerError:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name + environment):
        return DeployerError(f"{path}: {what}.", "Remove that line from the file.", code="config-file")
    options = ("--project " if origin is Origin.PROJECT else "") + (f"--env {environment} " if environment else "")
    hint = f"Remove it with: deployer config unset {options}{name}"
    if name in KEYS or name == "environment":
        hint += f"; store it for yourself with: deployer config set {name} VALUE"
    return DeployerError(f"{path}: {what}.", hint, code="config-file")


def _shown(name: str) -> str:
    """A name from a file in a message: as it is where it is plain, else quoted and with its escapes."""
    return name if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name) else repr(name[:64])
