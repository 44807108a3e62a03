"""Traversals of a template's dictionary, with the path to each value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]
Tree: TypeAlias = dict[str, object]


def mapping(value: object) -> Tree:
    """The value if it is a mapping, else an empty one: a template that is not ours may hold anything."""
    return value if isinstance(value, dict) else {}


def nodes(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every value below this one, itself first."""
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from nodes(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from nodes(item, (*path, index))


def resources(template: Tree) -> Iterator[tuple[str, str, Tree]]:
    """Each resource's logical id, type and properties."""
    for name, resource in mapping(template.get("Resources")).items():
        body = mapping(resource)
        yield name, str(body.get("Type", "")), mapping(body.get("Properties"))


def policy_documents(template: Tree) -> Iterator[tuple[Path, Tree]]:
    """Every policy document within a resource: whatever has statements."""
    for path, value in nodes(mapping(template.get("Resources")), ("Resources",)):
        if isinstance(value, dict) and "Statement" in value:
            yield path, value


def statements(document: Tree, path: Path) -> Iterator[tuple[Path, Tree]]:
    """The statements of a document, those in both branches of a condition included."""
    for inner, value in nodes(document.get("Statement"), (*path, "Statement")):
        if isinstance(value, dict) and "Effect" in value:
            yield inner, value


def references(value: object) -> set[str]:
    """The names a `Ref` or a `Fn::Sub` text refers to at this very node (`Key.Attribute` for attributes)."""
    if not isinstance(value, dict):
        return set()
    names: set[str] = set()
    if isinstance(value.get("Ref"), str):
        names.add(str(value["Ref"]))
    got = value.get("Fn::GetAtt")
    if got is not None:
        names.add(".".join(str(part) for part in got) if isinstance(got, list) else str(got))
    text = value.get("Fn::Sub")
    if isinstance(text, list) and text:
        text = text[0]
    if isinstance(text, str):
        names |= set(re.findall(r"\$\{([^!}][^}]*)\}", text))
    return names
