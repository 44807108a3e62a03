"""Statements that people put into the secret's or the key's policy: a grant would overwrite them, so it asks first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from generator.errors import NotFound, Refused
from generator.gateway.aws import Gateway
from generator.model.policy import raw_statements, read_document
from generator.operations.access.access_policies import KEY, SECRET
from generator.operations.access.findings import OURS
from generator.operations.access.stack_access import Record

Document = Mapping[str, object] | str


@dataclass(frozen=True)
class HandMade:
    """The statements as they stand, so that they can be put back."""

    secret: tuple[object, ...] = field(default=())
    key: tuple[object, ...] = field(default=())

    @property
    def sids(self) -> tuple[str, ...]:
        """How they are called."""
        return tuple(_name(statement) for statement in (*self.secret, *self.key))

    @property
    def understood(self) -> bool:
        """Whether each is a statement, so that it can be put back."""
        return all(isinstance(statement, Mapping) for statement in (*self.secret, *self.key))


def _name(statement: object) -> str:
    return str(statement.get("Sid") or "(without Sid)") if isinstance(statement, Mapping) else "(not understood)"


def find(gateway: Gateway, found: Record) -> HandMade:
    """Read both policies (two calls) for statements that the template does not make."""
    return HandMade(_of(SECRET, _secret(gateway, found)), _of(KEY, _key(gateway, found)))


def require_choice(made: HandMade, found: Record, choice: str | None) -> None:
    """Raise Refused when nobody said what shall become of them, or to keep what no policy can hold."""
    if choice == "keep" and not made.understood:
        raise Refused(
            f"The policies of {found.stack.name} hold something that is no statement, so it cannot be put back.",
            "See it with deployer access show; to overwrite it say: --by-hand replace",
            code="by-hand",
        )
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


def _secret(gateway: Gateway, found: Record) -> Document:
    try:
        return gateway.secretsmanager.get_resource_policy_text(found.secret_arn) if found.secret_arn else {}
    except NotFound:
        return {}


def _key(gateway: Gateway, found: Record) -> Document:
    try:
        return gateway.kms.get_key_policy_text(found.key_arn) if found.key_arn else {}
    except NotFound:
        return {}


def _of(door: str, policy: Document) -> tuple[object, ...]:
    """The statements that are not the template's; a policy that is none, whole, as something not understood."""
    if read_document(policy) is None:
        return (policy,)
    return tuple(s for s in raw_statements(policy) if not isinstance(s, Mapping) or s.get("Sid") not in OURS[door])


def _with(policy: Document, made: tuple[object, ...]) -> Mapping[str, object]:
    there = raw_statements(policy)
    missing = [statement for statement in made if statement not in there]
    return {"Version": "2012-10-17", **(read_document(policy) or {}), "Statement": [*there, *missing]}
