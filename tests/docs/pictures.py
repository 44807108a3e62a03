"""The drawn pages: the rooms from the imports of the source, the stack from the parts of its template."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any
from unittest import mock

from troposphere import Template

from generator.template import stack
from generator.template.emit import template_dict
from tests.docs.drawing import Box, svg
from tests.docs.pages import ROOT
from tests.test_rooms import SOURCES, imported_names, room_of

SUB = re.compile(r"\$\{(\w+)")


def rooms() -> dict[str, Box]:
    """Each room with the rooms whose modules it imports."""
    imports: dict[str, set[str]] = {}
    for path in SOURCES:
        names = {name.split(".")[1] for name in imported_names(path.read_text()) if name.startswith("generator.")}
        imports.setdefault(room_of(path), set()).update(names)
    return {
        room: Box((), frozenset((used & set(imports)) - {room})) for room, used in sorted(imports.items(), reverse=True)
    }


def parts() -> dict[str, Box]:
    """Each part of the stack with its resources, and the parts whose resources these name."""
    resources: dict[str, Any] = template_dict()["Resources"]
    made = {part: names for part, names in _resources_of_parts().items() if names}
    part_of = {name: part for part, names in made.items() for name in names}
    found = {}
    for part, names in made.items():
        named = {part_of[name] for own in names for name in _named(resources[own]) if name in part_of}
        lines = tuple(name + _condition(resources[name]) for name in names)
        found[part] = Box(lines, frozenset(named - {part}))
    return found


def _resources_of_parts() -> dict[str, list[str]]:
    """The order in which `build` adds parts, and the resources that each adds."""
    made: dict[str, list[str]] = {}

    def recorded(part: str, add: Callable[[Template], None], template: Template) -> None:
        before = set(template.resources)
        add(template)
        made[part] = [name for name in template.resources if name not in before]

    with ExitStack() as patches:
        for name in [name for name in vars(stack) if name.startswith("add_")]:
            part = name.removeprefix("add_").replace("_", " ")
            patches.enter_context(mock.patch.object(stack, name, partial(recorded, part, getattr(stack, name))))
        stack.build()
    return made


def _named(value: Any) -> Iterator[str]:
    """Every logical ID or parameter that a value of a template refers to."""
    if isinstance(value, list):
        for each in value:
            yield from _named(each)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        match key, inner:
            case "Ref" | "DependsOn", str(name):
                yield name
            case "Fn::GetAtt", [name, *_]:
                yield name
            case "Fn::GetAtt", str(name):
                yield name.split(".")[0]
            case "DependsOn", [*names]:
                yield from names
            case "Fn::Sub", str(text) | [str(text), *_]:
                yield from SUB.findall(text)
        yield from _named(inner)


def _condition(resource: dict[str, Any]) -> str:
    return f" if {resource['Condition']}" if "Condition" in resource else ""


def parts_table() -> list[str]:
    """The picture of the stack as lines of a table."""
    rows = [
        f"| {part} | {', '.join(f'`{line.split()[0]}`' for line in box.lines)} | {', '.join(sorted(box.uses))} |"
        for part, box in parts().items()
    ]
    return ["| part | resources | uses |", "| --- | --- | --- |", *rows]


PICTURES = {
    ROOT / "docs/explanation/rooms.svg": lambda: svg("The rooms of the source", rooms(), "imports"),
    ROOT / "docs/reference/stack.svg": lambda: svg("The parts of the stack", parts(), "uses"),
}
