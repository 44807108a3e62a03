"""A template with some parameters known: what remains when their conditions are decided.

cfn-lint follows conditions by itself, but reports what could be wrong in some case it cannot name. Here every
combination of the Yes/No parameters is written out, so that each finding belongs to one. What the answers do not
change is left to the run over the whole.
"""

from __future__ import annotations

import json
from itertools import product

from generator.template.walk import Path, Tree, mapping, nodes, references

ANSWERS = frozenset({"Yes", "No"})
MOST_COMBINATIONS = 64


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
    return _Decider(mapping(template.get("Conditions")), known).template(template)


def only_what_differs(template: Tree, variant: Tree, known: set[str]) -> tuple[Tree, set[str]]:
    """The variant reduced to what these answers change and no variant before it had, and the paths of that.

    What the kept entries refer to stays as its type, so that references can be judged; the rest is left out. `known`
    holds the entries of the variants before and is added to. A `Condition` that was decided is no change: the whole
    has been linted with it, and references to what is gone are `dangling`'s.
    """
    kept: dict[str, Tree] = {}
    for section in ("Resources", "Outputs"):
        whole, entries = mapping(template.get(section)), mapping(variant.get(section))
        new = {name: body for name, body in entries.items() if _unconditional(body) != _unconditional(whole.get(name))}
        marks = {
            name: f"{section}/{name} {json.dumps(body, sort_keys=True, default=str)}" for name, body in new.items()
        }
        kept[section] = {name: body for name, body in new.items() if marks[name] not in known}
        known |= set(marks.values())
    return _around(kept, variant), {f"{section}/{name}" for section, entries in kept.items() for name in entries}


def _names(value: object) -> list[object]:
    return [value] if isinstance(value, str) else _list(value)


def _unconditional(body: object) -> object:
    return {key: item for key, item in body.items() if key != "Condition"} if isinstance(body, dict) else body


def _around(kept: dict[str, Tree], variant: Tree) -> Tree:
    """The kept entries with what they need to be linted: open conditions, parameters, the types they refer to."""
    conditions = _open_conditions(kept, mapping(variant.get("Conditions")))
    inner = [node for part in (kept, conditions) for _, node in nodes(part)]
    needed = {name.split(".")[0] for node in inner for name in references(node)}
    needed |= {str(name) for body in kept["Resources"].values() for name in _names(mapping(body).get("DependsOn"))}
    bodies, parameters = mapping(variant.get("Resources")), mapping(variant.get("Parameters"))
    stubs: Tree = {name: {"Type": mapping(body).get("Type")} for name, body in bodies.items() if name in needed}
    around: Tree = {name: body for name, body in variant.items() if name not in ("Metadata", "Rules")}
    around["Parameters"] = {name: body for name, body in parameters.items() if name in needed}
    around |= {"Conditions": conditions, "Resources": stubs | kept["Resources"], "Outputs": kept["Outputs"]}
    return {name: body for name, body in around.items() if body}


def _open_conditions(value: object, conditions: Tree) -> Tree:
    """The conditions that are named in a value, and those that they name."""
    named: Tree = {}
    waiting = [value]
    while waiting:
        for _, node in nodes(waiting.pop()):
            for name in _conditions_at(node) & set(conditions) - set(named):
                named[name] = conditions[name]
                waiting.append(conditions[name])
    return named


def _conditions_at(node: object) -> set[str]:
    choice = mapping(node).get("Fn::If")
    found = {str(choice[0])} if isinstance(choice, list) and choice else set()
    own = mapping(node).get("Condition")
    return found | ({own} if isinstance(own, str) else set())


def dangling(variant: Tree) -> list[tuple[Path, str]]:
    """References of this variant to resources it does not have. Where a condition is still open none is claimed."""
    known = set(mapping(variant.get("Parameters"))) | set(mapping(variant.get("Resources")))
    found: list[tuple[Path, str]] = []
    for section in ("Resources", "Outputs"):
        for name, body in mapping(variant.get(section)).items():
            if "Condition" not in mapping(body):
                found += _dangling_in(body, known, (section, name))
    return found


def _dangling_in(value: object, known: set[str], path: Path) -> list[tuple[Path, str]]:
    if isinstance(value, list):
        return [hit for index, item in enumerate(value) for hit in _dangling_in(item, known, (*path, index))]
    if not isinstance(value, dict) or "Fn::If" in value:
        return []
    text = value.get("Fn::Sub")
    local = set(mapping(text[1])) if isinstance(text, list) and len(text) == 2 else set()
    names = {name.split(".")[0] for name in references(value)} - known - local
    missing = sorted(name for name in names if not name.startswith("AWS::"))
    below = [hit for key, item in value.items() for hit in _dangling_in(item, known, (*path, key))]
    return [(path, name) for name in missing] + below


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else []


class _Nothing:
    """What `AWS::NoValue` leaves behind."""


NOTHING = _Nothing()


class _Decider:
    def __init__(self, conditions: Tree, known: dict[str, str]) -> None:
        self.known = known
        self.verdicts: dict[str, bool | None] = {}
        for name in conditions:
            self._verdict(name, conditions)

    def template(self, template: Tree) -> Tree:
        kept: Tree = {}
        for section, body in template.items():
            if section in ("Resources", "Outputs"):
                entries = {name: self._entry(mapping(item)) for name, item in mapping(body).items()}
                kept[section] = {name: item for name, item in entries.items() if item is not None}
            else:
                kept[section] = body
        return kept

    def _entry(self, body: Tree) -> Tree | None:
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
