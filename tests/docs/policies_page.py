"""The policies as a table a person can read: a row for each statement, the statement itself in policies.json."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

NOTHING = {"Ref": "AWS::NoValue"}
_REGIONAL = re.compile(r"arn:\$\{AWS::Partition\}:([a-z0-9-]+):(\$\{AWS::Region\})?:(\$\{AWS::AccountId\})?:")

INTRODUCTION = """\
# The policies

A row for each IAM statement of the template; its Sid says what it permits or forbids. `${Name}` is a parameter or
resource of the template. An ARN in the stack's own partition, region and account is written `service:…:resource`.
*if* names the condition under which the template has the value. The statements themselves, as JSON:
[policies.json](policies.json).
"""


def policies_page(resources: dict[str, Any]) -> str:
    """The page, without the note that it is generated."""
    lines = [INTRODUCTION]
    for logical_id, found in statements_of(resources):
        with_principal = any("Principal" in statement for statement in found)
        heads = ["statement", "effect", *(["who"] if with_principal else []), "actions", "on", "only when"]
        lines += [f"## {logical_id}\n", _row(heads), _row(["---"] * len(heads))]
        lines += [_row(_cells(statement, with_principal)) for statement in found]
        lines.append("")
    return "\n".join(lines)


def statements_of(resources: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """(logical id, its statements) of every resource that has some, in the order of the template."""
    for logical_id, resource in resources.items():
        if found := list(_walk(resource.get("Properties", {}))):
            yield logical_id, found


def _walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict) and "Effect" in value and ("Action" in value or "NotAction" in value):
        yield value
        return
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _walk(item)


def _cells(statement: dict[str, Any], with_principal: bool) -> list[str]:
    who = [_principal(statement.get("Principal"))] if with_principal else []
    actions = _either(statement, "Action", "NotAction")
    return [
        statement["Sid"],
        statement["Effect"],
        *who,
        actions,
        _either(statement, "Resource", "NotResource"),
        _when(statement),
    ]


def _either(statement: dict[str, Any], plain: str, negated: str) -> str:
    if negated in statement:
        return f"all but {_values(statement[negated])}"
    return _values(statement.get(plain, []))


def _principal(value: Any) -> str:
    if not isinstance(value, dict):
        return _values(value or [])
    return "<br>".join(f"{kind}: {_values(names)}" for kind, names in value.items())


def _when(statement: dict[str, Any]) -> str:
    whole = statement.get("Condition", {})
    return "<br>".join(line for operator, keys in whole.items() for line in _keys(operator, keys))


def _keys(operator: str, keys: dict[str, Any]) -> Iterator[str]:
    """One condition operator's keys; the template may leave an operator out by a condition of its own."""
    if "Fn::If" not in keys:
        yield from (f"{_code(key)} {operator} {_values(value)}" for key, value in keys.items())
        return
    condition, then, otherwise = keys["Fn::If"]
    for wanted, label in ((then, condition), (otherwise, f"not {condition}")):
        if wanted != NOTHING:
            yield from (f"{line} *if {label}*" for line in _keys(operator, wanted))


def _values(value: Any) -> str:
    """A value or a list of values, one a line."""
    return "<br>".join(_text(item) for item in (value if isinstance(value, list) else [value]))


def _text(value: Any) -> str:
    if not isinstance(value, dict):
        return _code(value)
    [(function, argument)] = value.items()
    if function == "Fn::If":
        return _conditional(*argument)
    return _code(_intrinsic(function, argument))


def _conditional(condition: str, then: Any, otherwise: Any) -> str:
    if otherwise == NOTHING:
        return f"{_values(then)} *if {condition}*"
    if then == NOTHING:
        return f"{_values(otherwise)} *if not {condition}*"
    return f"{_values(then)} *if {condition}, else* {_values(otherwise)}"


def _intrinsic(function: str, argument: Any) -> str:
    """An intrinsic function in the notation of Fn::Sub."""
    match function:
        case "Ref":
            return f"${{{argument}}}"
        case "Fn::GetAtt":
            return f"${{{'.'.join(argument)}}}"
        case "Fn::Sub":
            text, names = argument if isinstance(argument, list) else (argument, {})
            for name, value in names.items():
                text = text.replace(f"${{{name}}}", _plain(value))
            return str(text)
        case "Fn::Join":
            return (
                str(argument[0]).join(map(_plain, argument[1]))
                if isinstance(argument[1], list)
                else _plain(argument[1])
            )
        case "Fn::If":
            return f"({_plain(argument[1])} or {_plain(argument[2])})"
        case "Fn::Select" | "Fn::Split":
            return f"{function.removeprefix('Fn::')}({', '.join(map(_plain, argument))})"
        case _:
            raise ValueError(f"{function} has no notation on the page of policies")


def _plain(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    [(function, argument)] = value.items()
    return _intrinsic(function, argument)


def _code(value: Any) -> str:
    text = _REGIONAL.sub(r"\1:…:", "true" if value is True else "false" if value is False else str(value))
    return f"`{text}`".replace("|", "\\|")


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
