"""Statements that people put into the secret's or the key's policy: a grant would overwrite them, so it asks first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from generator.errors import NotFound, Refused
from generator.gateway.aws import Gateway
from generator.operations.access.doors import KEY, SECRET
from generator.operations.access.findings import OURS
from generator.operations.access.record import Record

Raw = Mapping[str, object]


@dataclass(frozen=True)
class HandMade:
    """The statements as they stand, so that they can be put back."""

    secret: tuple[Raw, ...] = field(default=())
    key: tuple[Raw, ...] = field(default=())

    @property
    def sids(self) -> tuple[str, ...]:
        """How they are called."""
        return tuple(str(statement.get("Sid") or "(without Sid)") for statement in (*self.secret, *self.key))


def find(gateway: Gateway, found: Record) -> HandMade:
    """Read both policies (two calls) for statements that the template does not make."""
    return HandMade(_of(SECRET, _secret(gateway, found)), _of(KEY, _key(gateway, found)))


def require_choice(made: HandMade, found: Record, choice: str | None) -> None:
    """Raise Refused when there are such statements and nobody said what shall become of them."""
    if made.sids and choice is None:
        raise Refused(
            f"The policies of {found.stack.name} hold statements made by hand that this would overwrite: "
            f"{', '.join(made.sids)}.",
            "See them with deployer access show; then say: --by-hand keep, or --by-hand replace",
            code="by-hand",
        )


def restore(gateway: Gateway, found: Record, made: HandMade) -> None:
    """Put the statements back beside those of the stack; what is there already is not doubled."""
    if made.secret:
        policy = _secret(gateway, found)
        gateway.secretsmanager.put_resource_policy(found.secret_arn, _with(policy, made.secret))
    if made.key:
        gateway.kms.put_key_policy(found.key_arn, _with(_key(gateway, found), made.key))


def _secret(gateway: Gateway, found: Record) -> Raw:
    if not found.secret_arn:
        return {}
    try:
        return cast(Raw, json.loads(gateway.secretsmanager.get_resource_policy_text(found.secret_arn) or "{}"))
    except NotFound:
        return {}


def _key(gateway: Gateway, found: Record) -> Raw:
    try:
        return gateway.kms.get_key_policy_document(found.key_arn) if found.key_arn else {}
    except NotFound:
        return {}


def _of(door: str, policy: Raw) -> tuple[Raw, ...]:
    return tuple(s for s in _statements(policy) if s.get("Sid") not in OURS[door])


def _with(policy: Raw, made: tuple[Raw, ...]) -> Raw:
    there = _statements(policy)
    missing = [statement for statement in made if statement not in there]
    return {"Version": "2012-10-17", **policy, "Statement": [*there, *missing]}


def _statements(policy: Raw) -> list[Raw]:
    raw = policy.get("Statement", [])
    return cast(list[Raw], raw if isinstance(raw, list) else [raw])
