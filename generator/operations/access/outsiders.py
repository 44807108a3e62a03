"""Whom the statements of a resource policy let in from outside. Pure; what is not understood counts as somebody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from generator.model.arn import Arn
from generator.model.policy import Policy, PolicyPrincipal, PolicyStatement, PrincipalType, account_of
from generator.operations.access.stack_access import StackAccess


@dataclass(frozen=True)
class Opening:
    """Somebody whom a statement lets in: an ARN, a pattern, an account, or how AWS names it."""

    who: str
    statement: PolicyStatement


def outsiders(policy: Policy, access: StackAccess, *, services: bool = True) -> tuple[Opening, ...]:
    """Everybody but the customer's own principals; the support user and the support role are the vendor's.

    With `services` AWS's own services are no outsiders: they decrypt and log, they do not come in.
    """
    return tuple(
        Opening(principal.value, statement)
        for statement in policy.statements
        if statement.allows and not statement.limited_to(access.own)
        for principal in admitted(statement)
        if is_outside(principal, access, services)
    )


def admitted(statement: PolicyStatement) -> Iterator[PolicyPrincipal]:
    """Whom it names; where a condition holds `aws:PrincipalArn` to some, those alone can match."""
    if statement.principal_arns:
        yield from (PolicyPrincipal(PrincipalType.AWS, arn) for arn in statement.principal_arns)
    elif statement.principals:
        yield from statement.principals
    else:
        yield PolicyPrincipal(PrincipalType.UNKNOWN, "a principal that is not named")


def is_outside(principal: PolicyPrincipal, access: StackAccess, services: bool = True) -> bool:
    """Whether it is anybody but the customer's own principals; with `services` AWS's own are none either."""
    if principal.type is not PrincipalType.AWS:
        return not (services and principal.is_service)
    return account_of(principal.value) not in access.own or _of_support(principal.value, access)


def _of_support(arn: str, access: StackAccess) -> bool:
    """Whether it is the support user, the support role, or a session of that role."""
    named = Arn.find(arn)
    who = named.principal_arn if named else None
    known = {("user", access.support_user), ("role", access.support_role)}
    return who is not None and bool(who.last_name) and (who.kind, who.last_name) in known
