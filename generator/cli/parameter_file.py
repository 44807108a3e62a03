"""Parameters and tags from a file, in the forms that `aws cloudformation` takes, in JSON or YAML.

A list of ParameterKey and ParameterValue, a list of KEY=VALUE, a map with Parameters and Tags, or a plain map.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generator.errors import UsageError
from generator.model.parameter_options import PARAMETERS, Kind
from generator.model.unreadable_text import unreadable_text

EXAMPLE = 'A map of parameter to value, or a list of {"ParameterKey": …, "ParameterValue": …}.'


@dataclass(frozen=True)
class ParameterFile:
    """Values by the template's parameter, and the tags; None where the file has none. One may be a secret."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    tags: Mapping[str, str] | None = None


def read_parameter_file(path: Path) -> ParameterFile:
    """Read it. Raises UsageError for what is not of these forms, and for a secret that others may read."""
    try:
        loaded = _loaded(path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable_text(path, error) from None
    tags = None
    if isinstance(loaded, dict) and set(loaded) <= {"Parameters", "Tags", "StackPolicy"} and "Parameters" in loaded:
        _refuse_stack_policy(loaded, path)
        tags = loaded.get("Tags")
        loaded = loaded["Parameters"]
    values = dict(_values(loaded, path))
    if not loaded and tags is None:
        raise UsageError(f"{path} is empty: it gives no parameter and no tag.", EXAMPLE, code="empty-file")
    _require_closed(path, values)
    return ParameterFile(values, None if tags is None else dict(_tags(tags, path)))


def read_parameter_files(names: Sequence[str]) -> ParameterFile:
    """What several files give together, by their names as typed; nothing without any.

    Raises UsageError as `read_parameter_file`, and for what two of them give: neither says which is meant.
    """
    values, sources = dict[str, str](), dict[str, Path]()
    tags: Mapping[str, str] | None = None
    for path in map(named_file, names):
        file = read_parameter_file(path)
        for key in (*file.values, *(["Tags"] if file.tags is not None else [])):
            if key in sources:
                raise UsageError(f"{sources[key]} and {path} both give {key}.", "Keep it in one of them.")
            sources[key] = path
        values |= file.values
        tags = file.tags if file.tags is not None else tags
    return ParameterFile(values, tags)


def named_file(text: str) -> Path:
    """The path as it is typed; `file://`, which the AWS CLI wants before it, is left out."""
    return Path(text.removeprefix("file://"))


def _refuse_stack_policy(loaded: Mapping[str, Any], path: Path) -> None:
    """Raise UsageError for one that is not empty: it would be left out in silence, and the stack gets another."""
    if loaded.get("StackPolicy"):
        raise UsageError(
            f"{path} has a StackPolicy, and deployer sets the stack's policy itself.",
            "Take it out of the file; one of your own that the stack has already is kept.",
        )


def _loaded(text: str, path: Path) -> Any:
    """The document; YAML's scalars stay as they are written, so that 012 and yes are no number and no truth."""
    import yaml

    def once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        """The map of these pairs; neither format says which of two is meant."""
        whole: dict[str, Any] = {}
        for key, value in pairs:
            if key in whole:
                raise UsageError(f"{path} gives {key} twice.", "Keep one of them.")
            whole[key] = value
        return whole

    try:
        return json.loads(text, parse_int=str, parse_float=str, object_pairs_hook=once)
    except (ValueError, RecursionError):
        pass
    try:
        for node in _maps(yaml.compose(text, yaml.BaseLoader)):
            once((key.value, None) for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        return yaml.load(text, yaml.BaseLoader)  # noqa: S506 - it makes strings, lists and maps alone
    except yaml.YAMLError:
        raise UsageError(f"{path} is neither JSON nor YAML.", EXAMPLE) from None  # the parser's words quote the file
    except RecursionError:
        raise UsageError(f"{path} is nested too deeply for a file of parameters.", EXAMPLE) from None


def _maps(node: Any, seen: set[int] | None = None) -> Iterator[Any]:
    """A YAML node and the nodes within it that are maps, each once: an alias may name one that it is in."""
    seen = set() if seen is None else seen
    if not isinstance(node.value if node else None, list) or id(node) in seen:
        return
    seen.add(id(node))
    if node.id == "mapping":
        yield node
    for item in node.value:
        yield from _maps(item[1] if node.id == "mapping" else item, seen)


def _values(loaded: Any, path: Path) -> Iterator[tuple[str, str]]:
    seen = set[str]()
    for key, value in _pairs(loaded, path):
        if key in seen:
            raise UsageError(f"{path} gives the parameter {key} twice.", "Keep one of them.")
        seen.add(key)
        yield key, _text(key, value, path)


def _pairs(loaded: Any, path: Path) -> Iterator[tuple[str, Any]]:
    if isinstance(loaded, dict):
        yield from loaded.items()
        return
    for entry in loaded if isinstance(loaded, list) else [loaded] if loaded else []:
        match entry:
            case {"ParameterKey": str(key), "ParameterValue": value}:
                yield key, value
            case {"ParameterKey": str(), "UsePreviousValue": True | "true" | "True"}:
                continue  # what is not given keeps its value anyway
            case str() if "=" in entry:
                key, _, value = entry.partition("=")
                yield key, value
            case _:
                raise UsageError(f"{path} has an entry that is no parameter.", EXAMPLE)


def _text(key: str, value: Any, path: Path) -> str:
    if isinstance(value, bool):
        yes_no = key in PARAMETERS and PARAMETERS[key].kind is Kind.YES_NO
        return ("Yes" if value else "No") if yes_no else str(value).lower()
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ",".join(value)
    if not isinstance(value, str):
        raise UsageError(f"{path} gives the parameter {key} no text for a value.", EXAMPLE)
    if key in PARAMETERS and PARAMETERS[key].kind is Kind.YES_NO:
        return {"yes": "Yes", "true": "Yes", "no": "No", "false": "No"}.get(value.lower(), value)
    return value


def _tags(tags: Any, path: Path) -> Iterator[tuple[str, str]]:
    """Tags as a map, or as a list of Key and Value."""
    entries = [{"Key": k, "Value": v} for k, v in tags.items()] if isinstance(tags, dict) else tags
    for entry in entries if isinstance(entries, list) else [entries]:
        match entry:
            case {"Key": str(key), "Value": str(value)}:
                yield key, value
            case _:
                raise UsageError(f"{path} has a tag without Key and Value.", 'For example: "Tags": {"team": "data"}')


def _require_closed(path: Path, values: Mapping[str, str]) -> None:
    """Raise UsageError where the file holds a secret and others than its owner may read it."""
    secrets = [key for key in values if key in PARAMETERS and PARAMETERS[key].secret]
    if secrets and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise UsageError(
            f"{path} holds {secrets[0]}, and others than its owner may read or change it.",
            f"Close it first: chmod 600 {path}",
            code="open-secret-file",
        )
