"""A template with some parameters known: what remains when their conditions are decided.

cfn-lint follows conditions by itself, but reports what could be wrong in some case it cannot name. Here every
combination of the Yes/No parameters is written out, so that each finding belongs to one. What the answers do not
change is left to the run over the whole.
"""

from __future__ import annotations

from itertools import product

from generator.template.walk import Path, Tree, mapping, references

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


def only_what_differs(template: Tree, variant: Tree) -> tuple[Tree, set[str]]:
    """The variant with resources and outputs as on the whole reduced to their type or left out, and the paths kept."""
    kept: set[str] = set()
    reduced = dict(variant)
    for section in ("Resources", "Outputs"):
        whole, entries = mapping(template.get(section)), mapping(variant.get(section))
        differing = {name for name in entries if entries[name] != whole.get(name)}
        kept |= {f"{section}/{name}" for name in differing}
        stubs = {name: {"Type": mapping(body).get("Type")} for name, body in entries.items()}
        reduced[section] = {
            name: body if name in differing else stubs[name]
            for name, body in entries.items()
            if name in differing or section == "Resources"
        }
    return {name: body for name, body in reduced.items() if body}, kept


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
