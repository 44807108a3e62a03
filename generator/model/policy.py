"""A policy as AWS has it, read by one tolerant parser into statements that can be asked about themselves.

Nothing AWS can answer makes it fail. What it does not understand it names, and whoever decides counts that as open.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from generator.model.arn import Arn
from generator.model.duration import parse_end
from generator.model.json_text import parse_json
from generator.model.policy_size import characters
from generator.model.wildcards import like

_DEAD = re.compile(r"(AROA|AIDA)[A-Z0-9]+")
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")
_END = re.compile(r"DateLessThan(Equals)?(IfExists)?")
_LIMITING = frozenset({"ArnEquals", "ArnLike", "StringEquals", "StringLike"})
"""Operators that limit a key to the values given. No other one counts as a limit."""


class PrincipalType(StrEnum):
    """The types a Principal element knows (IAM user guide, "AWS JSON policy elements: Principal")."""

    AWS = "AWS"
    SERVICE = "Service"
    FEDERATED = "Federated"
    CANONICAL_USER = "CanonicalUser"
    UNKNOWN = "unknown"


@dataclass(frozen=True, order=True)
class PolicyPrincipal:
    """One principal with its type: a role may be called x.amazonaws.com, and is no service."""

    type: PrincipalType
    value: str

    @property
    def is_service(self) -> bool:
        """Whether it is a service of AWS."""
        return self.type is PrincipalType.SERVICE and _SERVICE.fullmatch(self.value) is not None


ANYONE = PolicyPrincipal(PrincipalType.AWS, "*")


@dataclass(frozen=True)
class PolicyStatement:
    """One statement. `conditions` maps (operator, key) to its values; lists are always lists, whatever AWS sent.

    `number` counts from 1, for statements without a Sid. `inverted` are the elements NotPrincipal, NotAction and
    NotResource where they replace the plain ones. `problems` name the parts that were not understood.
    """

    sid: str
    effect: str
    principals: tuple[PolicyPrincipal, ...] = ()
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    conditions: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    number: int = 1
    inverted: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How to find it in its policy."""
        return self.sid or f"number {self.number}, which has no Sid"

    @property
    def allows(self) -> bool:
        """Whether it may permit something: an effect that is not understood counts as one that does."""
        return self.effect != "Deny"

    @property
    def until(self) -> datetime | None:
        """When it ends by itself (`DateLessThan aws:CurrentTime`, UTC); None when it does not.

        Every condition must hold, so the earliest counts; of several values one is enough, so the latest counts. A
        value that cannot be read as such a time is no end.
        """
        ends = (_latest(values) for (op, key), values in self.conditions.items() if _is_end(op, key))
        return min((end for end in ends if end is not None), default=None)

    @property
    def principal_arns(self) -> tuple[str, ...]:
        """The ARNs and patterns that `aws:PrincipalArn` is limited to; empty when it is not."""
        return self._limits("aws:principalarn")

    @property
    def source_arns(self) -> tuple[str, ...]:
        """The ARNs and patterns of what a service acts for (`aws:SourceArn`); empty when it is not limited."""
        return self._limits("aws:sourcearn")

    def _limits(self, wanted: str) -> tuple[str, ...]:
        return tuple(
            value
            for (op, key), values in self.conditions.items()
            if op in _LIMITING and key.lower() == wanted
            for value in values
        )

    @property
    def dead_principals(self) -> tuple[str, ...]:
        """Principals that AWS shows by their unique id: the role or user is gone, and one of that name will not match.

        Source: IAM user guide, "AWS JSON policy elements: Principal".
        """
        return tuple(p.value for p in self.principals if _DEAD.fullmatch(p.value))

    @property
    def accounts(self) -> frozenset[str]:
        """The accounts among its principals, whichever way AWS spells them; `*` for everyone."""
        return frozenset(account_of(principal.value) for principal in self.principals)

    def permits(self, action: str) -> bool:
        """Whether it may permit this action (`ssm:StartSession`), on some resource and under some condition."""
        named = any(like(pattern.lower(), action.lower()) for pattern in self.actions)
        return self.allows and named != ("NotAction" in self.inverted)

    def limited_to(self, own: Collection[str]) -> bool:
        """Whether a condition limits it to callers of these accounts and organizations (by their IDs)."""
        keys = {"aws:principalaccount", "kms:calleraccount", "aws:principalorgid"}
        limits = (vs for (op, key), vs in self.conditions.items() if op == "StringEquals" and key.lower() in keys)
        return any(values and set(values) <= set(own) for values in limits)


@dataclass(frozen=True)
class Policy:
    """A policy document. `name` and `arn` where a user or role has several; `problems` are what was not understood.

    `characters`: its size as IAM counts it; `source`: the document as it came.
    """

    statements: tuple[PolicyStatement, ...] = ()
    problems: tuple[str, ...] = ()
    name: str = ""
    arn: str = ""
    characters: int = field(default=0, compare=False)
    source: object = field(default="", compare=False, repr=False)


def account_of(principal: str) -> str:
    """444455556666 from an id or from an ARN; `*` and what has no account stay as they are."""
    arn = Arn.find(principal)
    return arn.account if arn else principal


def parse_policy(document: object, name: str = "", arn: str = "") -> Policy:
    """Read a policy document: JSON text, or parsed. Never raises; empty text is a policy without statements."""
    parsed = read_document(document)
    if parsed is None:
        return Policy(problems=("it is not a JSON object",), name=name, arn=arn, source=document)
    read = tuple(_statement(raw, number) for number, raw in enumerate(as_list(parsed.get("Statement")), 1))
    unclear = [f"statement {s.name}: {problem}" for s in read for problem in s.problems]
    missing = ["it has no Statement"] if parsed and "Statement" not in parsed else []
    return Policy(read, (*missing, *unclear), name, arn, characters(parsed), document)


def statements(document: str | Mapping[str, object]) -> tuple[PolicyStatement, ...]:
    """The statements of a policy document, those that were understood in part too."""
    return parse_policy(document).statements


def raw_statements(document: object) -> list[object]:
    """The statements of a document as written, a single one as a list of one. Empty for what is no policy."""
    return as_list((read_document(document) or {}).get("Statement"))


def read_document(document: object) -> Mapping[str, object] | None:
    """The document as a mapping: of JSON text, or as it is. Empty for empty text, None for what is no JSON object."""
    if isinstance(document, str):
        try:
            document = parse_json(document or "{}")
        except ValueError:
            return None
    return document if isinstance(document, Mapping) else None


def as_list(raw: object) -> list[object]:
    """A value as a list: IAM writes a list of one as the item itself."""
    if raw is None:
        return []
    return list(raw) if isinstance(raw, (list, tuple)) else [raw]


def _statement(raw: object, number: int) -> PolicyStatement:
    if not isinstance(raw, Mapping):
        return PolicyStatement("", "", number=number, problems=("it is not an object",))
    effect = str(raw.get("Effect", ""))
    return PolicyStatement(
        sid=str(raw.get("Sid", "")),
        effect=effect,
        principals=tuple(_principals(raw)),
        actions=_texts(raw.get("Action", raw.get("NotAction"))),
        resources=_texts(raw.get("Resource", raw.get("NotResource"))),
        conditions=_conditions(raw.get("Condition")),
        number=number,
        inverted=frozenset({"NotPrincipal", "NotAction", "NotResource"} & raw.keys()),
        problems=() if effect == "Deny" else tuple(_problems(raw)),
    )


def _principals(raw: Mapping[str, object]) -> Iterator[PolicyPrincipal]:
    """Whom it names. An Allow with NotPrincipal names everyone but some, which is read as everyone."""
    if "NotPrincipal" in raw:
        yield ANYONE
    element = raw.get("Principal")
    entries = element.items() if isinstance(element, Mapping) else [("AWS", element)]
    for kind, values in entries:
        known = PrincipalType(kind) if kind in {*PrincipalType} else PrincipalType.UNKNOWN
        for value in _texts(values):
            yield PolicyPrincipal(known, value)


def _problems(raw: Mapping[str, object]) -> Iterator[str]:
    if raw.get("Effect") != "Allow":
        yield "its Effect is neither Allow nor Deny"
    if not isinstance(raw.get("Condition", {}), Mapping):
        yield "its Condition is not an object"
    named = raw.get("Principal", "*")
    if not isinstance(named, (Mapping, str)) or not named:
        yield "its Principal is neither an object nor *"


def _conditions(raw: object) -> dict[tuple[str, str], tuple[str, ...]]:
    if not isinstance(raw, Mapping):
        return {}
    return {
        (str(op), str(key)): _texts(value)
        for op, keys in raw.items()
        if isinstance(keys, Mapping)
        for key, value in keys.items()
    }


def _texts(raw: object) -> tuple[str, ...]:
    return tuple(map(str, as_list(raw)))


def _is_end(operator: str, key: str) -> bool:
    return _END.fullmatch(operator) is not None and key.lower() == "aws:currenttime"


def _latest(values: tuple[str, ...]) -> datetime | None:
    ends = [parse_end(value) for value in values]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None
