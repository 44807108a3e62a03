"""Batches of what the answers change: as few and as small templates as cfn-lint needs to see every variant.

A policy statement that the whole template has too is linted there. Here it is shortened to what can clash with other
statements: its Sid.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from generator.lint.traverse import Path, Tree, mapping, nodes, policy_documents, references, statements
from generator.lint.variants import SECTIONS, Entry, clashing, conditions_at


@dataclass
class Batch:
    """Changed entries of several variants that can be linted together: a name once, a type for one variant only.

    Names and identifiers of two variants never meet in an account, so entries of one type may not either.
    """

    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    answers: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    kinds: dict[str, dict[str, str]] = field(default_factory=dict)

    def takes(self, entry: Entry, answers: dict[str, str]) -> bool:
        """Whether the entry was added."""
        place = (entry.section, entry.name)
        if place in self.entries or self.kinds.get(entry.kind, answers) != answers:
            return False
        self.entries[place], self.answers[place], self.kinds[entry.kind] = entry, answers, answers
        return True

    def template(self, whole: Tree, known: Mapping[str, str]) -> tuple[Tree, set[str]]:
        """The entries with what they need to be linted: open conditions, parameters, the types they refer to.

        Statements in `known` are shortened; the paths of those come second: a finding there does not count.
        """
        chosen: dict[str, Tree] = {section: {} for section in SECTIONS}
        shortened: set[str] = set()
        for (section, name), entry in self.entries.items():
            chosen[section][name] = _shorten(entry.body, known, (section, name), shortened)
        return _around(chosen, whole), shortened


def batches(changed: Iterable[tuple[Entry, dict[str, str]]], known: Mapping[str, str]) -> list[Batch]:
    """Every changed entry of every variant, once, in as few batches as can be.

    An entry is left out that only lacks some of the `known` statements of an earlier one: fewer cannot clash.
    """
    made: list[Batch] = []
    seen: set[tuple[str, str, str]] = set()
    chosen_with: dict[tuple[str, str, str], list[Counter[str]]] = {}
    for entry, answers in changed:
        mark = (entry.section, entry.name, entry.text)
        if entry.text and mark not in seen:
            seen.add(mark)
            taken: Counter[str] = Counter()
            remainder = (entry.section, entry.name, _text(clashing(mapping(_without(entry.body, known, taken)))))
            if any(taken <= more for more in chosen_with.get(remainder, ())):
                continue
            chosen_with.setdefault(remainder, []).append(taken)
            if not any(batch.takes(entry, answers) for batch in made):
                made.append(Batch())
                made[-1].takes(entry, answers)
    return made


def _without(value: object, known: Mapping[str, str], taken: Counter[str]) -> object:
    """The value with one "…" in each list for all of its known statements, which are added to `taken`."""
    if isinstance(value, dict):
        return {key: _without(item, known, taken) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    texts = [_text(item) if isinstance(item, dict) and "Effect" in item else "" for item in value]
    taken.update(known[text] for text in texts if text in known)
    rest = [_without(item, known, taken) for item, text in zip(value, texts, strict=True) if text not in known]
    return [*rest, "…"] if len(rest) < len(value) else rest


MOST_OPTIONAL = 6


def statement_texts(template: Tree) -> dict[str, str]:
    """The statements of all policies as JSON, each with itself; they are linted with the whole template.

    Also as they are without some of the resources that stand under a condition, each with the statement as written:
    fewer cannot clash.
    """
    every = (statement for path, document in policy_documents(template) for _, statement in statements(document, path))
    return {_text(form): _text(statement) for statement in every for form in _forms(statement)}


def _forms(statement: Tree) -> Iterator[Tree]:
    """The statement as written, and with each choice of the resources that are there, not there, or still open."""
    yield statement
    listed = statement.get("Resource")
    items = [_choices(item) for item in listed] if isinstance(listed, list) else []
    if 0 < sum(len(choices) > 1 for choices in items) <= MOST_OPTIONAL:
        for chosen in product(*items):
            if resources := [item for part in chosen for item in part]:  # without any it is another statement
                yield {**statement, "Resource": resources}


def _choices(item: object) -> tuple[tuple[object, ...], ...]:
    """What may stand in the place of a list's item: itself, and of an `Fn::If` with nothing also its value, or none."""
    choice = mapping(item).get("Fn::If")
    if not isinstance(choice, list) or len(choice) != 3 or {"Ref": "AWS::NoValue"} not in choice[1:]:
        return ((item,),)
    [present] = [branch for branch in choice[1:] if branch != {"Ref": "AWS::NoValue"}] or [item]
    return ((item,), (present,), ())


def _shorten(value: object, known: Mapping[str, str], path: Path, shortened: set[str]) -> object:
    if isinstance(value, list):
        return [_shorten(item, known, (*path, index), shortened) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if "Effect" in value and _text(value) in known:
        shortened.add("/".join(map(str, path)))
        bare = {"Action": "*", "Resource": "*"}
        return {key: bare.get(key, item) for key, item in value.items() if key != "Condition"}
    return {key: _shorten(item, known, (*path, key), shortened) for key, item in value.items()}


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _around(chosen: dict[str, Tree], whole: Tree) -> Tree:
    conditions = _open_conditions(chosen, mapping(whole.get("Conditions")))
    inner = [node for part in (chosen, conditions) for _, node in nodes(part)]
    needed = {name.split(".")[0] for node in inner for name in references(node)}
    needed |= {str(name) for body in chosen["Resources"].values() for name in _names(mapping(body).get("DependsOn"))}
    bodies, parameters = mapping(whole.get("Resources")), mapping(whole.get("Parameters"))
    stubs: Tree = {name: {"Type": mapping(body).get("Type")} for name, body in bodies.items() if name in needed}
    around: Tree = {name: body for name, body in whole.items() if name not in ("Metadata", "Rules")}
    around["Parameters"] = {name: body for name, body in parameters.items() if name in needed}
    around |= {"Conditions": conditions, "Resources": stubs | chosen["Resources"], "Outputs": chosen["Outputs"]}
    return {name: body for name, body in around.items() if body}


def _names(value: object) -> list[object]:
    return [value] if isinstance(value, str) else list(value) if isinstance(value, list) else []


def _open_conditions(value: object, conditions: Tree) -> Tree:
    """The conditions that are named in a value, and those that they name."""
    named: Tree = {}
    waiting = [value]
    while waiting:
        for _, node in nodes(waiting.pop()):
            for name in conditions_at(node) & set(conditions) - set(named):
                named[name] = conditions[name]
                waiting.append(conditions[name])
    return named
