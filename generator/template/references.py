"""What a piece of a template refers to, read off its YAML nodes."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from generator.template.yaml_document import children, entries, function, scalar

IN_TEXT = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.[^}]+)?\}")
"""A reference within the text of Fn::Sub; `${!Name}` is literal text, `${AWS::Region}` no name of a template."""


@dataclass(frozen=True)
class References:
    """The names a piece of a template uses: parameters and resources together (`Ref` does not tell them apart)."""

    names: frozenset[str] = frozenset()
    conditions: frozenset[str] = frozenset()
    mappings: frozenset[str] = frozenset()

    def __or__(self, other: References) -> References:
        return References(self.names | other.names, self.conditions | other.conditions, self.mappings | other.mappings)


NONE = References()


def references_of_entry(node: yaml.Node) -> References:
    """What a resource, an output or a rule refers to, its attributes `Condition` and `DependsOn` included."""
    attributes = entries(node)
    result = references_of(node)
    named = scalar(attributes.get("Condition"))
    waits_for = attributes.get("DependsOn")
    return result | References(frozenset(_texts(waits_for) if waits_for else ()), frozenset({named} if named else ()))


def references_of(node: yaml.Node) -> References:
    """What a value or a condition refers to, in the short and in the long form of each function."""
    named = function(node)
    if named:
        return _of_function(*named)
    result = NONE
    for child in children(node):
        result |= references_of(child)
    return result


def _of_function(name: str, operand: yaml.Node) -> References:
    first = operand.value[0] if isinstance(operand, yaml.SequenceNode) and operand.value else None
    if name in ("Ref", "GetAtt", "ValueOf"):
        return References(_identifiers(scalar(operand) or scalar(first) or "")) | references_of(operand)
    if name == "Condition":
        return References(conditions=frozenset({scalar(operand) or ""}))
    if name == "If":
        return References(conditions=frozenset({scalar(first) or ""})) | references_of(operand)
    if name == "FindInMap":
        return References(mappings=frozenset({scalar(first) or ""} - {""})) | references_of(operand)
    if name == "Sub":
        return _of_sub(operand, first)
    return references_of(operand)


def _of_sub(operand: yaml.Node, first: yaml.Node | None) -> References:
    """The names in the text, but for those that the call itself gives values to."""
    text = scalar(operand) if first is None else scalar(first)
    own = entries(operand.value[1]) if first is not None and len(operand.value) > 1 else {}
    return References(frozenset(IN_TEXT.findall(text or "")) - set(own)) | references_of(operand)


def _identifiers(text: str) -> frozenset[str]:
    """The logical id of `Id` or `Id.Attribute`; pseudo parameters are no names of a template."""
    return frozenset() if not text or "::" in text else frozenset({text.split(".")[0]})


def _texts(node: yaml.Node) -> list[str]:
    return [node.value] if isinstance(node, yaml.ScalarNode) else [text for text in map(scalar, children(node)) if text]
