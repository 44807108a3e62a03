"""How statements become documents. A value may be a string or one of the template room's intrinsic functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from awacs.aws import (
    Action,
    Allow,
    Condition,
    ConditionElement,
    DateGreaterThanEquals,
    DateLessThan,
    Deny,
    Principal,
    Statement,
)

Value: TypeAlias = object
"""A string, a list of strings, or an intrinsic function that CloudFormation turns into one."""

Document: TypeAlias = dict[str, object]
"""A policy document as a dictionary; intrinsic functions stay as they are until the template encodes them."""

VERSION = "2012-10-17"


class BriefStatement(Statement):
    """A statement with a single action or resource written without a list, to save bytes; IAM reads both alike."""

    def JSONrepr(self) -> dict[str, object]:
        """The statement as it goes into the document."""
        statement: dict[str, object] = super().JSONrepr()
        return {key: _sole(value) for key, value in statement.items()}


def _sole(value: object) -> object:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


class NotBefore(DateGreaterThanEquals):
    """`DateGreaterThanEquals` whose whole operand may be an intrinsic function, so that a stack without a cut has none.

    An empty operand block would be left behind if only the date were conditional.
    """

    def __init__(self, operand: Value) -> None:
        self.operand = operand

    def get_dict(self) -> dict[str, object]:
        """The operand as it goes into the document."""
        return self.operand  # type: ignore[return-value]


def before(until: Value) -> list[ConditionElement]:
    """The condition that ends a permission at `until` (UTC); none where it is None."""
    return [] if until is None else [DateLessThan("aws:CurrentTime", until)]


def allow(
    sid: str,
    actions: Sequence[Action],
    resources: Value,
    *conditions: ConditionElement,
    principal: Principal | None = None,
) -> Statement:
    """One permission. `resources` is one value or a list of them."""
    return _statement(Allow, sid, actions, resources, conditions, principal)


def deny(sid: str, actions: Sequence[Action], resources: Value, *conditions: ConditionElement) -> Statement:
    """One prohibition; it wins over every permission."""
    return _statement(Deny, sid, actions, resources, conditions, None)


def _statement(
    effect: str,
    sid: str,
    actions: Sequence[Action],
    resources: Value,
    conditions: Sequence[ConditionElement],
    principal: Principal | None,
) -> Statement:
    parts: dict[str, object] = {"Sid": sid, "Effect": effect}
    if principal is not None:
        parts["Principal"] = principal
    parts["Action"] = list(actions)
    parts["Resource"] = resources if isinstance(resources, list) else [resources]
    if conditions:
        parts["Condition"] = Condition(list(conditions))
    return BriefStatement(**parts)


def document(statements: Sequence[Value]) -> Document:
    """The document of these statements, in this order; an item may be conditional (an intrinsic function)."""
    return {"Version": VERSION, "Statement": list(statements)}


def plain(value: Value) -> Value:
    """The value without awacs objects: only dictionaries, lists and strings remain, ready for JSON."""
    if hasattr(value, "JSONrepr"):
        return plain(value.JSONrepr())
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value
