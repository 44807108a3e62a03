"""Fn::Join in conditions, with which a template tests whether a list is empty.

AWS evaluates `!Equals [!Join ["", !Ref List], ""]`. MiniStack compares the unresolved function, which is never equal.
"""

from __future__ import annotations

from typing import Any

from ministack.services.cloudformation import engine

from generator.sandbox.service_api import replace

_evaluate = engine._evaluate_conditions
Template = dict[str, Any]


def install() -> None:
    """Replace MiniStack's evaluation."""
    replace(_evaluate, evaluate)


def evaluate(template: Template, params: dict[str, Any]) -> dict[str, bool]:
    """MiniStack's evaluation, after every Fn::Join of a parameter is resolved."""
    conditions = _joined(template.get("Conditions", {}), params)
    values: dict[str, bool] = _evaluate({**template, "Conditions": conditions}, params)
    return values


def _joined(value: Any, params: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_joined(item, params) for item in value]
    if not isinstance(value, dict):
        return value
    if "Fn::Join" in value:
        separator, items = value["Fn::Join"]
        return str(separator).join(_items(items, params))
    return {key: _joined(item, params) for key, item in value.items()}


def _items(items: Any, params: dict[str, Any]) -> list[str]:
    """The members of a list, or of the list parameter it refers to."""
    if isinstance(items, list):
        return [member for item in items for member in _items(item, params)]
    if isinstance(items, dict) and items.get("Ref") in params:
        value = params[items["Ref"]]["Value"]
        members = value if isinstance(value, list) else str(value).split(",")
        return [str(member).strip() for member in members]
    return [str(items)]
