"""A template with some parameters known: what remains when their conditions are decided.

cfn-lint follows conditions by itself, but looks at a mapping or list as it is written for much of what its members do
to each other (two tags of one key, a value that another forbids), and cannot name the case. Here every combination of
the Yes/No parameters is written out; what the answers do not change is left to the run over the whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from generator.lint.traverse import Path, Tree, mapping, nodes, references

ANSWERS = frozenset({"Yes", "No"})
MOST_COMBINATIONS = 64
SECTIONS = ("Resources", "Outputs")


def yes_no_combinations(template: Tree) -> list[dict[str, str]]:
    """Every way to answer the template's Yes/No parameters; none when it has none."""
    asked = [
        name
        for name, body in mapping(template.get("Parameters")).items()
        if set(map(str, _list(mapping(body).get("AllowedValues")))) == ANSWERS
    ]
    combinations = [dict(zip(asked, answers, strict=True)) for answers in product(("Yes", "No"), repeat=len(asked))]
    return combinations[:MOST_COMBINATIONS] if asked else []


def decide(template: Tree, known: dict[str, str]) -> Tree:
    """The template for these answers: false resources and outputs are gone, decided `Fn::If`s are their branch."""
    decider = _Decider(mapping(template.get("Conditions")), known)
    decided: Tree = dict(template)
    for section in SECTIONS:
        if section in template:
            bodies = {name: decider.entry(mapping(body)) for name, body in mapping(template[section]).items()}
            decided[section] = {name: body for name, body in bodies.items() if body is not None}
    return decided


def verdicts(conditions: Tree, known: dict[str, str]) -> dict[str, bool | None]:
    """Whether each condition holds when these parameters are known; None where that hangs on something else."""
    return {str(name): verdict for name, verdict in _Decider(conditions, known).verdicts.items()}


@dataclass(frozen=True)
class Entry:
    """A resource or an output as some answers leave it. `text`: what can clash in it, "" if no answer changes it."""

    section: str
    name: str
    body: Tree
    text: str
    references: tuple[tuple[Path, str], ...]

    @property
    def kind(self) -> str:
        """The resource's type, or that it is an output."""
        return str(self.body.get("Type", self.section))


class Variants:
    """The entries of a template for one combination after another, each decided once for the conditions it names."""

    def __init__(self, template: Tree) -> None:
        self._conditions = mapping(template.get("Conditions"))
        self._parameters = set(mapping(template.get("Parameters")))
        self._entries = [
            (section, name, mapping(body), sorted(set().union(*(conditions_at(node) for _, node in nodes(body)))))
            for section in SECTIONS
            for name, body in mapping(template.get(section)).items()
        ]
        self._decided: dict[tuple[object, ...], Entry | None] = {}

    def entries(self, answers: dict[str, str]) -> list[Entry]:
        """The resources and outputs that exist with these answers."""
        decider = _Decider(self._conditions, answers)
        decided = [self._entry(decider, *entry) for entry in self._entries]
        return [entry for entry in decided if entry is not None]

    def _entry(self, decider: _Decider, section: str, name: str, body: Tree, named: list[str]) -> Entry | None:
        case = (section, name, *(decider.verdicts.get(condition) for condition in named))
        if case not in self._decided:
            decided = decider.entry(body)
            self._decided[case] = None if decided is None else _entry(section, name, body, decided)
        return self._decided[case]

    def dangling(self, entries: list[Entry]) -> list[tuple[Path, str]]:
        """References to resources that do not exist. Nothing under an undecided condition counts."""
        known = self._parameters | {entry.name for entry in entries if entry.section == "Resources"}
        return [
            (path, name)
            for entry in entries
            if "Condition" not in entry.body
            for path, name in entry.references
            if name not in known
        ]


def _entry(section: str, name: str, whole: Tree, body: Tree) -> Entry:
    """A `Condition` that was decided is no change: the whole has been linted with it."""
    left = clashing(body)
    text = json.dumps(left, sort_keys=True, default=str) if left != clashing(whole) else ""
    return Entry(section, name, body, text, tuple(_references_in(body, (section, name))))


def clashing(body: Tree) -> Tree:
    """What of an entry can clash: all but its `Condition` and the values of an `Fn::Sub`'s own variables."""
    return {key: _clashing(item) for key, item in body.items() if key != "Condition"}


def _clashing(value: object) -> object:
    if isinstance(value, list):
        return [_clashing(item) for item in value]
    if not isinstance(value, dict):
        return value
    text = value.get("Fn::Sub")
    if isinstance(text, list) and len(text) == 2 and isinstance(text[1], dict):
        return {**value, "Fn::Sub": [text[0], sorted(map(str, text[1]))]}
    return {key: _clashing(item) for key, item in value.items()}


def conditions_at(node: object) -> set[str]:
    """The conditions that this very node names."""
    choice = mapping(node).get("Fn::If")
    names = {str(choice[0])} if isinstance(choice, list) and choice else set()
    own = mapping(node).get("Condition")
    return names | ({own} if isinstance(own, str) else set())


def _references_in(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    """What is referred to for certain: not under a condition that is still open."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _references_in(item, (*path, index))
    elif isinstance(value, dict) and "Fn::If" not in value:
        text = value.get("Fn::Sub")
        local = set(mapping(text[1])) if isinstance(text, list) and len(text) == 2 else set()
        names = {name.split(".")[0] for name in references(value)} - local
        yield from ((path, name) for name in sorted(names) if not name.startswith("AWS::"))
        for key, item in value.items():
            yield from _references_in(item, (*path, key))


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else []


class _Nothing:
    """What `AWS::NoValue` leaves behind."""


NOTHING = _Nothing()


class _Decider:
    """Truths of the conditions for some answers, and values with what they decide."""

    def __init__(self, conditions: Tree, known: dict[str, str]) -> None:
        self.known = known
        self.verdicts: dict[str, bool | None] = {}
        for name in conditions:
            self._verdict(name, conditions)

    def entry(self, body: Tree) -> Tree | None:
        """The resource or output as it is then; None when it is not there."""
        verdict = self.verdicts.get(str(body.get("Condition", "")))
        if verdict is False:
            return None
        decided = self._value({key: item for key, item in body.items() if key != "Condition" or verdict is None})
        return mapping(decided)

    def _value(self, value: object) -> object:
        if isinstance(value, dict):
            return self._mapping(value)
        if isinstance(value, list):
            return [item for item in map(self._value, value) if item is not NOTHING]
        return value

    def _mapping(self, value: Tree) -> object:
        choice = value.get("Fn::If")
        if isinstance(choice, list) and len(choice) == 3:
            verdict = self.verdicts.get(str(choice[0]))
            if verdict is not None:
                branch = choice[1] if verdict else choice[2]
                return NOTHING if branch == {"Ref": "AWS::NoValue"} else self._value(branch)
        decided = {key: self._value(item) for key, item in value.items()}
        return {key: item for key, item in decided.items() if item is not NOTHING}

    def _verdict(self, name: str, conditions: Tree) -> bool | None:
        if name not in self.verdicts:
            self.verdicts[name] = None  # a condition that names itself stays undecided
            self.verdicts[name] = self._truth(conditions.get(name), conditions)
        return self.verdicts[name]

    def _truth(self, expression: object, conditions: Tree) -> bool | None:
        """True, false, or None where it hangs on what is not known."""
        name, operand = next(iter(mapping(expression).items()), ("", None))
        if name == "Condition":
            return self._verdict(str(operand), conditions)
        operands = _list(operand)
        if name == "Fn::Equals" and len(operands) == 2:
            left, right = map(self._literal, operands)
            return None if left is None or right is None else left == right
        truths = [self._truth(item, conditions) for item in operands]
        if name == "Fn::Not" and truths:
            return None if truths[0] is None else not truths[0]
        if name == "Fn::And":
            return False if False in truths else None if None in truths else True
        if name == "Fn::Or":
            return True if True in truths else None if None in truths else False
        return None

    def _literal(self, value: object) -> str | None:
        if isinstance(value, dict):
            return self.known.get(str(value.get("Ref", "")))
        return str(value)
