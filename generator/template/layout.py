"""How a template is laid out: one space per level to save bytes, and a normal form in which two can be compared."""

from __future__ import annotations

import json
import re

import yaml

from generator.errors import DeployerError
from generator.template.yaml_nodes import to_node

BLOCK = re.compile(r"[|>][-+]?$")
"""The end of a line that opens a block scalar, whose text keeps its indentation."""


def indent_by_one(text: str) -> str:
    """The same YAML with one space per level instead of the two that the emitter writes at least.

    A level below a dash stays two columns deep, as YAML requires; the text of a block keeps its own indentation.
    """
    lines: list[str] = []
    levels = [(0, 0)]  # column in the text given, column in the result
    block: tuple[int, int] | None = None
    for line in text.splitlines():
        column = len(line) - len(line.lstrip(" "))
        if not line.strip():
            lines.append("")
        elif block and column >= block[0]:
            lines.append(" " * block[1] + line[block[0] :])
        else:
            _enter(levels, column)
            lines.append(" " * levels[-1][1] + line[column:])
            _pass_dashes(levels, line[column:])
            block = (levels[-1][0] + 2, levels[-1][1] + 1) if BLOCK.search(line) else None
    return "\n".join(lines) + "\n"


def _enter(levels: list[tuple[int, int]], column: int) -> None:
    """Leave the levels that end before this line; a deeper one is one space deeper."""
    while levels[-1][0] > column:
        levels.pop()
    if levels[-1][0] < column:
        levels.append((column, levels[-1][1] + 1))


def _pass_dashes(levels: list[tuple[int, int]], code: str) -> None:
    """What follows a dash is a level of its own."""
    while code.startswith("- "):
        code = code[2:]
        levels.append((levels[-1][0] + 2, levels[-1][1] + 2))


def normal_form(text: str) -> str:
    """The template as YAML with sorted keys and short-form functions. Raises DeployerError when it cannot be parsed."""
    import cfn_flip  # needed to compare templates, not to emit one

    try:
        value = json.loads(cfn_flip.to_json(text))
    except (ValueError, yaml.YAMLError) as error:
        raise DeployerError(
            f"The template cannot be read: {str(error).splitlines()[0]}.", "deployer lint FILE"
        ) from None
    return str(yaml.serialize(to_node(_sorted(value)), Dumper=yaml.SafeDumper, width=100_000, allow_unicode=True))


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _sorted(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value if isinstance(value, (bool, int, str)) else str(value)
