"""Statements that people put into the secret's or the key's policy: a grant would overwrite them, so it asks first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from generator.errors import NotFound, Refused
from generator.gateway.aws import Gateway
from generator.model.command_line import CommandLine
from generator.model.policy import Policy, raw_statements, read_document
from generator.model.reading import Reading
from generator.operations.access.access_policies import KEY, SECRET
from generator.operations.access.findings import OURS
from generator.operations.access.live_policies import LivePolicies
from generator.operations.access.stack_access import StackAccess

Document = Mapping[str, object] | str


@dataclass(frozen=True)
class ForeignStatements:
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


def find(live: LivePolicies) -> ForeignStatements:
    """The statements of both policies that the template does not make. Pure. Raises Refused where one is not known."""
    return ForeignStatements(_of(SECRET, _source(live.secret)), _of(KEY, _source(live.key)))


def _source(policy: Reading[Policy]) -> object:
    """The document as AWS gave it; empty where there is none."""
    if policy.value is None and not (policy.absent or policy.gone):
        raise Refused(
            f"Nothing was granted: {policy.asked} had no answer, and what a person added there would be overwritten. "
            f"{policy.detail}",
            f"Use credentials that have {policy.permission}." if policy.permission else policy.hint,
            code="policy-unknown",
        )
    return policy.value.source if policy.value else ""


def to_keep(
    live: LivePolicies, access: StackAccess, choice: str | None, commands: CommandLine
) -> ForeignStatements | None:
    """The statements to put back after the update; None where they shall go. Raises Refused as `require_choice`."""
    statements = find(live)
    require_choice(statements, access, choice, commands)
    return statements if choice == "keep" else None


def require_choice(made: ForeignStatements, access: StackAccess, choice: str | None, commands: CommandLine) -> None:
    """Raise Refused when nobody said what shall become of them, or to keep what no policy can hold."""
    if choice == "keep" and not made.understood:
        raise Refused(
            f"The policies of {access.stack.name} contain something that is not a statement, so it cannot be put back.",
            f"See it with: {commands.deployer('access', 'show')}\nTo overwrite it, add: --by-hand replace",
            code="by-hand",
        )
    if made.sids and choice is None:
        raise Refused(
            f"The policies of {access.stack.name} contain statements added by hand that this would overwrite: "
            f"{', '.join(made.sids)}.",
            f"See them with: {commands.deployer('access', 'show')}\nThen add --by-hand keep, or --by-hand replace",
            code="by-hand",
        )


def restore(gateway: Gateway, access: StackAccess, made: ForeignStatements) -> None:
    """Put the statements back beside those of the stack; what is there already is not doubled."""
    if made.secret:
        policy = _secret(gateway, access)
        gateway.secretsmanager.put_resource_policy(access.secret_arn, _with(policy, made.secret))
    if made.key:
        gateway.kms.put_key_policy(access.key_arn, _with(_key(gateway, access), made.key))


def _secret(gateway: Gateway, access: StackAccess) -> Document:
    try:
        return gateway.secretsmanager.get_resource_policy_text(access.secret_arn) if access.secret_arn else {}
    except NotFound:
        return {}


def _key(gateway: Gateway, access: StackAccess) -> Document:
    try:
        return gateway.kms.get_key_policy_text(access.key_arn) if access.key_arn else {}
    except NotFound:
        return {}


def _of(name: str, policy: object) -> tuple[object, ...]:
    """The statements that are not the template's; a policy that is none, whole, as something not understood."""
    if read_document(policy) is None:
        return (policy,)
    return tuple(s for s in raw_statements(policy) if not isinstance(s, Mapping) or s.get("Sid") not in OURS[name])


def _with(policy: Document, made: tuple[object, ...]) -> Mapping[str, object]:
    present = raw_statements(policy)
    missing = [statement for statement in made if statement not in present]
    return {"Version": "2012-10-17", **(read_document(policy) or {}), "Statement": [*present, *missing]}
