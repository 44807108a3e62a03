"""What GetTemplate loses: it gives back `?` for every character outside ASCII.

CloudFormation itself reads such characters well, so a stack may have them while no call tells which they are.
Source: aws-cloudformation/cloudformation-coverage-roadmap, issues 814 and 1220.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from generator.model.contract import INSTALLATION_RESOURCES, Resource
from generator.template.yaml_document import children, entries, parse

MAY_BE_LOST = re.compile(r"(?<![$?])(?!(?<=-)(?:\?{6}|\?{17}|\?{26})$)\?")
"""A `?` that may have been another character. `$?` is a shell's; at the end of a policy's pattern stand the six
characters of a secret's ARN, and the 17 or 26 of a session's ID."""
CARRIED = frozenset({str(Resource.INSTANCE), *map(str, INSTALLATION_RESOURCES)})
BEHIND_THE_INSTANCE = ("Mappings", "Conditions")


def as_given_back(text: str) -> str:
    """The text as GetTemplate gives it back."""
    return text.encode("ascii", "replace").decode()


def places(merged: str, ours: str) -> tuple[str, ...]:
    """Where a merged template has a `?` that is not ours, and so may stand for a lost character: Resources/X/…"""
    own = {text for _, text in _texts(ours)}
    suspect = (place for place, text in _texts(merged) if MAY_BE_LOST.search(text) and text not in own)
    return tuple(dict.fromkeys("/".join(place[:4]) for place in suspect))


def garbled(lost: tuple[str, ...], ours: str) -> frozenset[str]:
    """The resources among these places whose definition is the stack's own: an upgrade has no reason to touch them."""
    new = entries(parse(ours).get("Resources"))
    parts = [place.split("/") for place in lost]
    named = {name for section, name, *_ in parts if section == "Resources" and (name in CARRIED or name not in new)}
    behind = {str(Resource.INSTANCE) for section, *_ in parts if section in BEHIND_THE_INSTANCE}
    return frozenset(named | behind)


def _texts(template: str) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, node in parse(template).items():
        yield from _within((name,), node)


def _within(place: tuple[str, ...], node: yaml.Node) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text at or below a node with its place, keys included."""
    if isinstance(node, yaml.ScalarNode):
        yield place, node.value
    elif isinstance(node, yaml.MappingNode):
        for key, value in entries(node).items():
            yield (*place, key), key
            yield from _within((*place, key), value)
    else:
        for item in children(node):
            yield from _within(place, item)
