"""A policy as AWS has it, read into statements that can be asked about themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from generator.model.duration import parse_end

_DEAD = re.compile(r"(AROA|AIDA)[A-Z0-9]+")
_ACCOUNT = re.compile(r"\d{12}")


@dataclass(frozen=True)
class PolicyStatement:
    """One statement. `conditions` maps (operator, key) to its values; lists are always lists, whatever AWS sent."""

    sid: str
    effect: str
    principals: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    conditions: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    @property
    def allows(self) -> bool:
        """Whether it permits (and does not forbid)."""
        return self.effect == "Allow"

    @property
    def until(self) -> datetime | None:
        """When it ends by itself (`DateLessThan aws:CurrentTime`, UTC); None when it does not."""
        ends = [parse_end(v) for (op, key), vs in self.conditions.items() for v in vs if _is_end(op, key)]
        return min((end for end in ends if end is not None), default=None)

    @property
    def principal_arns(self) -> tuple[str, ...]:
        """The ARNs and patterns `aws:PrincipalArn` is held to; empty when it is not."""
        return tuple(v for (_, key), vs in self.conditions.items() if key.lower() == "aws:principalarn" for v in vs)

    @property
    def dead_principals(self) -> tuple[str, ...]:
        """Principals that AWS shows by their unique id: the role or user is gone, and one of that name will not match.

        Source: IAM user guide, "AWS JSON policy elements: Principal".
        """
        return tuple(p for p in self.principals if _DEAD.fullmatch(p))

    @property
    def accounts(self) -> frozenset[str]:
        """The accounts among its principals, whichever way AWS spells them; `*` for everyone."""
        return frozenset(account_of(principal) for principal in self.principals)


def account_of(principal: str) -> str:
    """444455556666 from an id or from an ARN; `*` and what has no account stay as they are."""
    if _ACCOUNT.fullmatch(principal) or not principal.startswith("arn:"):
        return principal
    return principal.split(":")[4]


def statements(document: str | Mapping[str, object]) -> tuple[PolicyStatement, ...]:
    """Read a policy document (JSON text or parsed). Unreadable text is no policy and has no statements."""
    parsed = _parsed(document)
    found = parsed.get("Statement", [])
    return tuple(_statement(raw) for raw in (found if isinstance(found, list) else [found]) if isinstance(raw, Mapping))


def with_sid(found: Iterable[PolicyStatement], sid: str) -> PolicyStatement | None:
    """The statement of that Sid, or None."""
    return next((statement for statement in found if statement.sid == sid), None)


def _parsed(document: str | Mapping[str, object]) -> Mapping[str, object]:
    if not isinstance(document, str):
        return document
    try:
        parsed = json.loads(document)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _statement(raw: Mapping[str, object]) -> PolicyStatement:
    return PolicyStatement(
        sid=str(raw.get("Sid", "")),
        effect=str(raw.get("Effect", "")),
        principals=_principals(raw.get("Principal")),
        actions=_list(raw.get("Action", raw.get("NotAction"))),
        resources=_list(raw.get("Resource", raw.get("NotResource"))),
        conditions=_conditions(raw.get("Condition")),
    )


def _principals(raw: object) -> tuple[str, ...]:
    if isinstance(raw, Mapping):
        return tuple(value for values in raw.values() for value in _list(values))
    return _list(raw)


def _conditions(raw: object) -> dict[tuple[str, str], tuple[str, ...]]:
    if not isinstance(raw, Mapping):
        return {}
    return {
        (op, key): _list(value) for op, keys in raw.items() if isinstance(keys, Mapping) for key, value in keys.items()
    }


def _list(raw: object) -> tuple[str, ...]:
    if raw is None:
        return ()
    return tuple(map(str, raw)) if isinstance(raw, (list, tuple)) else (str(raw),)


def _is_end(operator: str, key: str) -> bool:
    return operator in ("DateLessThan", "DateLessThanEquals") and key.lower() == "aws:currenttime"
