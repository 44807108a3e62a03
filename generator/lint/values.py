"""The texts that a value of a template may come to, as far as they can be told without a stack."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice, product
from typing import TypeAlias

from generator.lint.traverse import Tree, mapping

Known: TypeAlias = Mapping[str, list[str]]
OPEN = "\0"  # what only a stack decides, within a text
MOST_TEXTS = 100
MOST_CHARACTERS = 10_000  # no policy and no name is longer; texts within texts would grow without end
NO_VALUE = {"Ref": "AWS::NoValue"}
PSEUDO_PARAMETERS = {
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "111122223333",
}
"""Those that do not tell two stacks of an account and region apart, with an example of each."""


def known_values(template: Tree) -> Known:
    """What a `Ref` comes to when nobody answers: each parameter's default, and the same pseudo parameters always."""
    known = {name: [value] for name, value in PSEUDO_PARAMETERS.items()}
    for name, body in mapping(template.get("Parameters")).items():
        default = str(mapping(body).get("Default", ""))
        if default:
            listed = "List" in str(mapping(body).get("Type", ""))
            known[str(name)] = [part.strip() for part in default.split(",")] if listed else [default]
    return known


def texts(value: object, known: Known) -> list[str]:
    """Each text that a value may be, one for every item of a list and branch of a condition; OPEN for what is open."""
    if isinstance(value, list):
        return [text for item in value for text in texts(item, known)]
    if not isinstance(value, dict):
        return [] if value is None else [str(value)]
    if value == NO_VALUE:
        return []
    name, operand = next(iter(value.items()), ("", None))
    function = FUNCTIONS.get(str(name)) if len(value) == 1 else None
    come_to = islice(function(operand, known), MOST_TEXTS) if function else [OPEN]
    return [text if len(text) <= MOST_CHARACTERS else OPEN for text in come_to]


def is_function(value: object) -> bool:
    """Whether it is a function of CloudFormation and not a mapping of its own."""
    return any(str(key).startswith("Fn::") or key == "Ref" for key in mapping(value))


def branches(value: object) -> list[object]:
    """Both values of an `Fn::If`, and of one within it; of anything else itself."""
    chosen = mapping(value).get("Fn::If")
    if isinstance(chosen, list):
        return [branch for each in chosen[1:] for branch in branches(each)]
    return [value]


def _ref(operand: object, known: Known) -> Iterable[str]:
    return known.get(str(operand), [OPEN])


def _if(operand: object, known: Known) -> Iterable[str]:
    return texts(operand[1:], known) if isinstance(operand, list) else [OPEN]


def _sub(operand: object, known: Known) -> Iterator[str]:
    written, own = (operand[0], mapping(operand[-1])) if isinstance(operand, list) and operand else (operand, {})
    parts = re.split(r"\$\{([^}]*)\}", str(written))
    choices = [[part] if index % 2 == 0 else _placeholder(part, own, known) for index, part in enumerate(parts)]
    return map("".join, product(*choices))


def _placeholder(name: str, own: Tree, known: Known) -> list[str]:
    if name.startswith("!"):
        return ["${" + name[1:] + "}"]
    return (texts(own[name], known) or [""]) if name in own else known.get(name, [OPEN])


def _join(operand: object, known: Known) -> Iterator[str]:
    if not isinstance(operand, list) or len(operand) != 2:
        yield OPEN
        return
    for items in branches(operand[1]):
        if isinstance(items, list):
            yield from map(str(operand[0]).join, product(*(texts(item, known) or [""] for item in items)))
        else:
            yield str(operand[0]).join(texts(items, known))


def _split(operand: object, known: Known) -> Iterable[str]:
    if not isinstance(operand, list) or len(operand) != 2 or not operand[0]:
        return [OPEN]
    return [part for text in texts(operand[1], known) for part in text.split(str(operand[0]))]


def _select(operand: object, known: Known) -> Iterator[str]:
    if not isinstance(operand, list) or len(operand) != 2:
        yield OPEN
        return
    for items in branches(operand[1]):
        listed = items if isinstance(items, list) else texts(items, known)
        for number in texts(operand[0], known):
            chosen = listed[int(number)] if number.isdecimal() and int(number) < len(listed) else OPEN
            yield from texts(chosen, known)


FUNCTIONS: dict[str, Callable[[object, Known], Iterable[str]]] = {
    "Ref": _ref,
    "Fn::If": _if,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Split": _split,
    "Fn::Select": _select,
}
