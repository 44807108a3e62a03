"""How to plant one fault in a template. Each change fails where the template no longer has what it changes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.proof.resolve import Tree

Change = Callable[[Tree], None]


@dataclass(frozen=True)
class Mutant:
    """`fault` says what is wrong with this template."""

    fault: str
    change: Change

    def of(self, template: Tree) -> Tree:
        """A changed copy; fails where the template no longer has what is to be changed."""
        mutant = copy.deepcopy(template)
        self.change(mutant)
        assert mutant != template, f"the mutant '{self.fault}' changes nothing any more: adapt it to the template"
        return mutant


def properties(template: Tree, logical_id: str) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"][logical_id]["Properties"]
    return found


def every_property(template: Tree, logical_ids: str) -> list[dict[str, Any]]:
    """The properties of one resource, or of several, separated by spaces."""
    return [properties(template, one) for one in logical_ids.split()]


def inner(node: Tree) -> Iterator[dict[str, Any]]:
    """Every dictionary in a tree, those under Fn::If included."""
    if isinstance(node, dict):
        yield node
        for part in node.values():
            yield from inner(part)
    elif isinstance(node, list):
        for part in node:
            yield from inner(part)


def statements(template: Tree, logical_id: str, action: str) -> list[dict[str, Any]]:
    """The statements in a resource (or in several, separated by spaces) that name this action, or whose Sid it is."""
    found = [
        node
        for node in inner(every_property(template, logical_id))
        if "Effect" in node and (action in node["Action"] or node.get("Sid") == action)
    ]
    assert found, f"{logical_id} has no statement {action}: adapt the mutants to the template"
    return found


def drop_condition(logical_id: str, action: str, key: str) -> Change:
    def change(template: Tree) -> None:
        for statement in statements(template, logical_id, action):
            conditions = statement.get("Condition", {})
            for operator in [name for name, keys in conditions.items() if any(key in node for node in inner(keys))]:
                del conditions[operator]
            if not conditions:
                statement.pop("Condition", None)

    return change


def drop_operator(logical_id: str, action: str, operator: str) -> Change:
    def change(template: Tree) -> None:
        for statement in statements(template, logical_id, action):
            del statement["Condition"][operator]

    return change


def set_condition(logical_id: str, action: str, key: str, value: Tree) -> Change:
    def change(template: Tree) -> None:
        for statement in statements(template, logical_id, action):
            for node in inner(statement.get("Condition", {})):
                if key in node:
                    node[key] = value

    return change


def rename_operator(logical_id: str, action: str, old: str, new: str) -> Change:
    def change(template: Tree) -> None:
        for statement in statements(template, logical_id, action):
            conditions = statement.get("Condition", {})
            if old in conditions:
                conditions[new] = conditions.pop(old)

    return change


def set_resource(logical_id: str, action: str, resource: Tree) -> Change:
    def change(template: Tree) -> None:
        for statement in statements(template, logical_id, action):
            statement["Resource"] = resource

    return change


def add_resource(logical_id: str, action: str, resource: Tree) -> Change:
    def change(template: Tree) -> None:
        for statement in statements(template, logical_id, action):
            statement["Resource"] = [*_listed(statement["Resource"]), resource]

    return change


def add_action(logical_id: str, beside: str, *actions: str) -> Change:
    def change(template: Tree) -> None:
        for statement in statements(template, logical_id, beside):
            statement["Action"] = [*_listed(statement["Action"]), *actions]

    return change


def add_statement(logical_id: str, beside: str, action: str, resource: Tree = "*") -> Change:
    """One more permission in the document that holds the statement `beside`."""

    def change(template: Tree) -> None:
        neighbours = statements(template, logical_id, beside)
        for node in inner(every_property(template, logical_id)):
            if any(_holds(one, each) for one in node.get("Statement", []) for each in neighbours):
                node["Statement"].append({"Effect": "Allow", "Action": [action], "Resource": resource})

    return change


def set_principal(logical_id: str, action: str, principal: Tree) -> Change:
    def change(template: Tree) -> None:
        for statement in statements(template, logical_id, action):
            statement["Principal"] = principal

    return change


def drop_statement(logical_id: str, action: str) -> Change:
    def change(template: Tree) -> None:
        doomed = statements(template, logical_id, action)
        for node in inner(every_property(template, logical_id)):
            listed = node.get("Statement")
            if isinstance(listed, list):
                node["Statement"] = [one for one in listed if not any(_holds(one, each) for each in doomed)]

    return change


def unwrap(logical_id: str, sid: str) -> Change:
    """The statement always there, whatever condition it hung on."""

    def change(template: Tree) -> None:
        [wanted] = statements(template, logical_id, sid)
        for node in inner(every_property(template, logical_id)):
            listed = node.get("Statement")
            if isinstance(listed, list):
                node["Statement"] = [wanted if _holds(one, wanted) else one for one in listed]

    return change


def redefine(condition: str, body: Tree) -> Change:
    """Another meaning for one of the template's conditions."""

    def change(template: Tree) -> None:
        assert condition in template["Conditions"]
        template["Conditions"][condition] = body

    return change


def set_property(logical_id: str, name: str, value: Tree) -> Change:
    def change(template: Tree) -> None:
        properties(template, logical_id)[name] = value

    return change


def drop_property(logical_id: str, name: str) -> Change:
    return lambda template: properties(template, logical_id).pop(name)


def _listed(value: Tree) -> list[Tree]:
    return value if isinstance(value, list) else [value]


def _holds(node: Tree, wanted: dict[str, Any]) -> bool:
    """Is this the statement, or the condition it hangs on?"""
    return any(part is wanted for part in inner(node))
