"""The texts that a value of a template may come to, as far as they can be told without a stack."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product

from generator.lint.traverse import Path, Tree, mapping
from generator.lint.variants import verdicts

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
OF_A_STORE = "AWS::SSM::Parameter::"  # the default of such a parameter is where its value is, not the value


@dataclass(frozen=True)
class Known:
    """What is known of a template's values.

    `values` is what a `Ref` to each name may come to: with `every_answer` whatever a parameter allows, else what it is
    when nobody answers. `closed`: the parameters that allow no other value. `ruled_out`: the values that parameters do
    not have where a condition holds (True) or does not (False).
    """

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    mappings: Tree = field(default_factory=dict)
    every_answer: bool = False
    closed: frozenset[str] = frozenset()
    ruled_out: Mapping[tuple[str, bool], Mapping[str, set[str]]] = field(default_factory=dict)

    def under(self, condition: object, holds: bool) -> Known:
        """What is known where a condition holds, or does not; a parameter of which no value is left is open."""
        out = self.ruled_out.get((str(condition), holds))
        if not out:
            return self
        left = {name: [text for text in given if text not in out.get(name, ())] for name, given in self.values.items()}
        return replace(self, values={name: given for name, given in left.items() if given})

    def at(self, template: Tree, path: Path) -> Known:
        """What is known at a place of a resource: under its condition, and in the branches that lead to it."""
        resource = mapping(mapping(template.get("Resources")).get(str(path[1])))
        known = self.under(resource.get("Condition"), True) if "Condition" in resource else self
        node: object = template
        for step, following in zip(path, (*path[1:], None), strict=True):
            node = _below(node, step)
            if step == "Fn::If" and following in (1, 2) and isinstance(node, list):
                known = known.under(node[0], following == 1)
        return known


def _below(node: object, step: str | int) -> object:
    """What is at a step of a path; None within a text."""
    if isinstance(node, list):
        return node[step] if isinstance(step, int) and step < len(node) else None
    return mapping(node).get(step)  # type: ignore[arg-type]  # a YAML mapping may have numbers for keys


def known_values(template: Tree, every_answer: bool = False) -> Known:
    """What parameters come to when nobody answers, or with every answer that is named; pseudo parameters as ever."""
    values: dict[str, Sequence[str]] = {name: [value] for name, value in PSEUDO_PARAMETERS.items()}
    bodies = {str(name): mapping(body) for name, body in mapping(template.get("Parameters")).items()}
    bodies = {name: body for name, body in bodies.items() if OF_A_STORE not in str(body.get("Type", ""))}
    values |= {name: given for name, body in bodies.items() if (given := _values_of(body, every_answer))}
    return Known(
        values,
        mapping(template.get("Mappings")),
        every_answer,
        frozenset(name for name, body in bodies.items() if isinstance(body.get("AllowedValues"), list)),
        _ruled_out(mapping(template.get("Conditions")), {name: values.get(name, ()) for name in bodies}),
    )


def _values_of(parameter: Tree, every_answer: bool) -> list[str]:
    """Its default; what it allows, too, if that is asked for or all there is."""
    default, allowed = parameter.get("Default"), parameter.get("AllowedValues")
    allowed = [str(each) for each in allowed] if isinstance(allowed, list) else []
    if default is not None:
        listed = "List" in str(parameter.get("Type", ""))
        given = [part.strip() for part in str(default).split(",")] if listed else [str(default)]
    else:
        given = allowed if len(allowed) == 1 else []
    return list(dict.fromkeys([*given, *allowed] if every_answer else given))


def _ruled_out(conditions: Tree, values: Mapping[str, Sequence[str]]) -> dict[tuple[str, bool], dict[str, set[str]]]:
    """For each condition and whether it holds, the values of each parameter with which it does not come to that."""
    out: dict[tuple[str, bool], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for name, value in ((name, value) for name, given in values.items() for value in given):
        for condition, verdict in verdicts(conditions, {name: value}).items():
            if verdict is not None:
                out[condition, not verdict][name].add(value)
    return out


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


def branches(value: object, known: Known) -> list[tuple[object, Known]]:
    """Both values of an `Fn::If`, each that an `Fn::FindInMap` may find, and of one within it; else itself.

    With each, what is known where it is chosen.
    """
    chosen = mapping(value).get("Fn::If")
    if isinstance(chosen, list) and chosen:
        either = zip(chosen[1:], (True, False), strict=False)
        return [each for branch, holds in either for each in branches(branch, known.under(chosen[0], holds))]
    if "Fn::FindInMap" in mapping(value):
        mapped = _in_map(mapping(value)["Fn::FindInMap"], known)
        return [each for branch in mapped for each in branches(branch, known)] or [(value, known)]
    return [(value, known)]


def _in_map(operand: object, known: Known) -> Iterator[object]:
    """The values of a mapping for the keys that may be asked for, and the default of a key that is not there."""
    if not isinstance(operand, list) or len(operand) not in (3, 4):
        return
    for name in texts(operand[0], known):
        for first in _keys(operand[1], mapping(known.mappings.get(name)), known):
            below = mapping(mapping(known.mappings.get(name)).get(first))
            yield from (_plain(below[second]) for second in _keys(operand[2], below, known) if second in below)
    if len(operand) == 4 and "DefaultValue" in mapping(operand[3]):
        yield mapping(operand[3])["DefaultValue"]


def _plain(value: object) -> object:
    """A value of a mapping, which has no functions."""
    return [each for each in value if not is_function(each)] if isinstance(value, list) else str(value)


def _keys(asked: object, level: Tree, known: Known) -> Iterable[str]:
    """The keys that may be asked for: of a place where the stack is, and of what anybody may answer, each there is."""
    for key, inner in branches(asked, known):
        name = str(mapping(key).get("Ref"))
        anything = known.every_answer and isinstance(key, dict) and name not in known.closed
        yield from level if anything or name in PSEUDO_PARAMETERS else texts(key, inner)


def _alternatives(value: object, known: Known) -> Iterator[str]:
    for branch, inner in branches(value, known):
        yield from [OPEN] if branch is value else texts(branch, inner)


def _ref(operand: object, known: Known) -> Iterable[str]:
    return known.values.get(str(operand), [OPEN])


def _if(operand: object, known: Known) -> Iterable[str]:
    return _alternatives({"Fn::If": operand}, known)


def _find_in_map(operand: object, known: Known) -> Iterable[str]:
    return _alternatives({"Fn::FindInMap": operand}, known)


def _sub(operand: object, known: Known) -> Iterator[str]:
    written, own = (operand[0], mapping(operand[-1])) if isinstance(operand, list) and operand else (operand, {})
    parts = re.split(r"\$\{([^}]*)\}", str(written))
    choices = [[part] if index % 2 == 0 else _placeholder(part, own, known) for index, part in enumerate(parts)]
    return map("".join, product(*choices))


def _placeholder(name: str, own: Tree, known: Known) -> Sequence[str]:
    if name.startswith("!"):
        return ["${" + name[1:] + "}"]
    return (texts(own[name], known) or [""]) if name in own else known.values.get(name, [OPEN])


def _join(operand: object, known: Known) -> Iterator[str]:
    if not isinstance(operand, list) or len(operand) != 2:
        yield OPEN
        return
    for items, inner in branches(operand[1], known):
        if isinstance(items, list):
            yield from map(str(operand[0]).join, product(*(texts(item, inner) or [""] for item in items)))
        else:
            yield str(operand[0]).join(texts(items, inner))


def _split(operand: object, known: Known) -> Iterable[str]:
    if not isinstance(operand, list) or len(operand) != 2 or not operand[0]:
        return [OPEN]
    return [part for text in texts(operand[1], known) for part in text.split(str(operand[0]))]


def _select(operand: object, known: Known) -> Iterator[str]:
    if not isinstance(operand, list) or len(operand) != 2:
        yield OPEN
        return
    for items, inner in branches(operand[1], known):
        listed = items if isinstance(items, list) else texts(items, inner)
        for number in texts(operand[0], inner):
            chosen = listed[int(number)] if number.isdecimal() and int(number) < len(listed) else OPEN
            yield from texts(chosen, inner)


FUNCTIONS: dict[str, Callable[[object, Known], Iterable[str]]] = {
    "Ref": _ref,
    "Fn::If": _if,
    "Fn::FindInMap": _find_in_map,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Split": _split,
    "Fn::Select": _select,
}
