"""From the template's dictionary to YAML nodes: short-form tags, block text, flow lists where they fit a line.

Nodes, not objects, go to the emitter, so that libyaml and the pure-Python emitter give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

import yaml

LINE = 110
LONG_ONLY = frozenset({"Fn::EachMemberIn", "Fn::ValueOfAll", "Fn::RefAll", "Fn::ValueOf", "Fn::EachMemberEquals"})
"""Functions of the Rules section, for which CloudFormation documents the long form alone."""
STR = "tag:yaml.org,2002:str"


def to_node(value: object, *, conditions: bool = False) -> yaml.Node:
    """The node of a template value. `conditions`: inside the Conditions section, where `Condition` is a function."""
    if isinstance(value, dict):
        return _mapping(value, conditions)
    if isinstance(value, (list, tuple)):
        return _sequence(yaml.resolver.BaseResolver.DEFAULT_SEQUENCE_TAG, value, conditions)
    return _scalar(value)


def _mapping(value: dict[str, object], conditions: bool) -> yaml.Node:
    short = _short_form(value, conditions)
    if short is not None:
        return short
    pairs = [(_scalar(key), to_node(item, conditions=conditions)) for key, item in value.items()]
    return yaml.MappingNode(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, pairs, flow_style=not pairs)


def _short_form(value: dict[str, object], conditions: bool) -> yaml.Node | None:
    """`!Ref X` for `{"Ref": "X"}` and its like; None where there is no short form."""
    if len(value) != 1:
        return None
    name, operand = next(iter(value.items()))
    if name == "Ref" or (name == "Condition" and conditions and isinstance(operand, str)):
        return yaml.ScalarNode(f"!{name}", str(operand))
    if not name.startswith("Fn::") or name in LONG_ONLY:
        return None
    tag = f"!{name.removeprefix('Fn::')}"
    if name == "Fn::GetAtt" and isinstance(operand, list) and all(isinstance(part, str) for part in operand):
        return yaml.ScalarNode(tag, ".".join(operand))
    if isinstance(operand, str):
        return yaml.ScalarNode(tag, operand, style=_style(operand))
    if isinstance(operand, (list, tuple)):
        return _sequence(tag, operand, conditions)
    return None  # a tag on a mapping or on another tag cannot be written: the long form can


def _sequence(tag: str, items: Sequence[object], conditions: bool) -> yaml.Node:
    nodes = [to_node(item, conditions=conditions) for item in items]
    flow = _fits_a_line(nodes)
    for node in nodes:
        if flow and isinstance(node, yaml.ScalarNode) and node.style is None and ":" in node.value:
            node.style = "'"  # in brackets the two emitters differ about a plain colon
    return yaml.SequenceNode(tag, nodes, flow_style=flow)


def _fits_a_line(nodes: Sequence[yaml.Node]) -> bool:
    """Whether a list of plain items may stand in brackets."""
    texts = [node.value for node in nodes if isinstance(node, yaml.ScalarNode)]
    short = len(texts) == len(nodes) and sum(len(text) + 8 for text in texts) < LINE
    return short and not any(set(text) & set("\n{}[],") for text in texts)


def _scalar(value: object) -> yaml.ScalarNode:
    if isinstance(value, bool):
        return yaml.ScalarNode("tag:yaml.org,2002:bool", "true" if value else "false")
    if isinstance(value, int):
        return yaml.ScalarNode("tag:yaml.org,2002:int", str(value))
    if not isinstance(value, str):
        raise TypeError(f"A template holds no {type(value).__name__}: {value!r}")
    text = str(value)
    return yaml.ScalarNode(STR, text, style=_style(text) or _quotes(text))


def _style(text: str) -> str | None:
    return "|" if "\n" in text else None


def _quotes(text: str) -> str | None:
    """Quotes where a YAML 1.1 reader would see something else than text: 2012-10-17, Yes, 0.0.0.0, on."""
    seen = yaml.resolver.Resolver().resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return None if seen == STR else '"'
