"""YAML nodes from the template's dictionary: short-form tags, block text, short lists of plain values on one line.

The emitter gets nodes, not objects, so that libyaml and the pure-Python emitter write the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

import yaml

LINE = 110
"""The longest list or mapping in flow style, in characters."""
LONG_ONLY = frozenset({"Fn::EachMemberIn", "Fn::ValueOfAll", "Fn::RefAll", "Fn::ValueOf", "Fn::EachMemberEquals"})
"""Functions of the Rules section, for which CloudFormation documents only the long form."""
STR = "tag:yaml.org,2002:str"
RESOLVER = yaml.resolver.Resolver()


class Literal(str):
    """A number as it was written, which stays that: 0.5, 1e3."""

    __slots__ = ()


def to_node(value: object, *, conditions: bool = False) -> yaml.Node:
    """The node of a template value. `conditions`: inside the Conditions section, where `Condition` is a function."""
    if isinstance(value, dict):
        return _mapping(value, conditions)
    if isinstance(value, (list, tuple)):
        return _sequence(yaml.resolver.BaseResolver.DEFAULT_SEQUENCE_TAG, value, conditions)
    return _scalar(value)


def to_block(value: dict[str, object], *, conditions: bool = False) -> yaml.MappingNode:
    """The node of a document's outermost mapping, always in block style."""
    pairs = [(_scalar(key), to_node(item, conditions=conditions)) for key, item in value.items()]
    return yaml.MappingNode(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, pairs, flow_style=False)


def _mapping(value: dict[str, object], conditions: bool) -> yaml.Node:
    short = _short_form(value, conditions)
    if short is not None:
        return short
    node = to_block(value, conditions=conditions)
    if _is_small(node):
        _use_flow_style(node)
    return node


def _short_form(value: dict[str, object], conditions: bool) -> yaml.Node | None:
    """`!Ref X` for `{"Ref": "X"}` and so on; None if there is no short form."""
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
    return None  # a tag on a mapping or on another tag cannot be written; the long form can


def _sequence(tag: str, items: Sequence[object], conditions: bool) -> yaml.Node:
    node = yaml.SequenceNode(tag, [to_node(item, conditions=conditions) for item in items], flow_style=False)
    if (_width(node) or LINE) < LINE and not any(isinstance(item, yaml.MappingNode) for item in node.value):
        _use_flow_style(node)
    return node


def _is_small(node: yaml.MappingNode) -> bool:
    """Whether a mapping reads better on one line, like a tag or a date: nothing in it has parts of its own."""
    if not all(isinstance(item, yaml.ScalarNode) for _, item in node.value):
        return False
    return len(node.value) <= 2 and (_width(node) or LINE) < LINE and not _has_text_with_spaces(node)


def _has_text_with_spaces(node: yaml.MappingNode) -> bool:
    return len(node.value) > 1 and any(
        isinstance(item, yaml.ScalarNode) and " " in item.value for _, item in node.value
    )


def _width(node: yaml.Node) -> int | None:
    """About how many characters the node takes in flow style; None if it contains a line break."""
    if isinstance(node, yaml.ScalarNode):
        return None if "\n" in node.value else len(node.value) + (len(node.tag) + 1 if node.tag[0] == "!" else 0) + 2
    parts = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
    widths = [_width(part) for part in parts]
    return None if None in widths else sum(width for width in widths if width) + 2


def _use_flow_style(node: yaml.Node) -> None:
    if isinstance(node, yaml.ScalarNode):
        if node.style is None and set(node.value) & set(":{}[],"):
            node.style = "'"  # in flow style the two emitters differ on these, and so do parsers
        return
    assert isinstance(node, yaml.CollectionNode)
    node.flow_style = True
    for part in node.value:
        for inner in part if isinstance(part, tuple) else (part,):
            _use_flow_style(inner)


def _scalar(value: object) -> yaml.ScalarNode:
    if isinstance(value, bool):
        return yaml.ScalarNode("tag:yaml.org,2002:bool", "true" if value else "false")
    if isinstance(value, int):
        return yaml.ScalarNode("tag:yaml.org,2002:int", str(value))
    if isinstance(value, Literal):
        return yaml.ScalarNode(RESOLVER.resolve(yaml.ScalarNode, str(value), (True, False)), str(value))  # type: ignore[no-untyped-call]
    if not isinstance(value, str):
        raise TypeError(f"A template cannot contain {type(value).__name__}: {value!r}")
    text = str(value)
    return yaml.ScalarNode(STR, text, style=_style(text) or _quotes(text))


def _style(text: str) -> str | None:
    return "|" if "\n" in text else None


def _quotes(text: str) -> str | None:
    """Quotes where a YAML 1.1 parser would not read a string: 2012-10-17, Yes, 0.0.0.0, on."""
    seen = RESOLVER.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return None if seen == STR else '"'
