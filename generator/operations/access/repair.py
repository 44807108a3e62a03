"""What a grant restores: the permissions boundary of user and role, and the attachment of the role's policy.

CloudFormation writes a property again only where its value changes, so what a person took away stays away.
"""

from __future__ import annotations

from dataclasses import dataclass

from generator.errors import Refused
from generator.gateway.aws import Gateway
from generator.model.reading import Problem
from generator.model.up import Check
from generator.operations.access import access_policies
from generator.operations.access.paths.boundary import boundary
from generator.operations.access.paths.resources import session_policy
from generator.operations.access.readings import read
from generator.operations.access.stack_access import StackAccess


@dataclass(frozen=True)
class Repair:
    """The stack's policy becomes the boundary of this user or role (`kind`) again."""

    kind: str
    name: str
    policy: str

    @property
    def words(self) -> str:
        """What is done, for a plan and for a check."""
        return f"permissions boundary of the support {self.kind} {self.name}"


def find_repairs(gateway: Gateway, access: StackAccess) -> tuple[Repair, ...]:
    """Whose boundary has to be restored. Raises Refused when that cannot be read: nobody is let in unbounded."""
    policy = session_policy(gateway, access)
    repairs = []
    for kind, name in _holders(access):
        reading = boundary(gateway, kind, name, policy)
        if reading.value:
            repairs.append(Repair(kind, name, policy.value or ""))
        elif reading.value is None and reading.problem not in (Problem.ABSENT, Problem.GONE):
            raise Refused(
                f"Nothing was granted: the permissions boundary of the support {kind} {name} could not be read, "
                f"and without one policies that others attach would count. {reading.detail}",
                f"Use credentials that have {reading.permission}." if reading.permission else reading.hint,
                code="boundary-unknown",
            )
    return tuple(repairs)


def restore(gateway: Gateway, repairs: tuple[Repair, ...]) -> tuple[Check, ...]:
    """Set each boundary, and read it back."""
    return tuple(_restored(gateway, repair) for repair in repairs)


def _restored(gateway: Gateway, repair: Repair) -> Check:
    iam = gateway.iam
    put, get = (
        (iam.put_user_boundary, iam.user_boundary)
        if repair.kind == "user"
        else (iam.put_role_boundary, iam.role_boundary)
    )
    put(repair.name, repair.policy)
    is_restored = get(repair.name) == repair.policy
    return Check(repair.words, is_restored, "restored" if is_restored else "another one was set meanwhile")


def verify(gateway: Gateway, access: StackAccess) -> tuple[Check, ...]:
    """Whether each policy, read back after the stack's update, says what the stack records.

    Where the role lacks the stack's statements because their policy was detached, it is attached again first. What the
    user may do is in an inline policy, which the update of a grant writes.
    """
    checks = access_policies.verify(gateway, access)
    if all(check.holds for check in checks) or not (attached := _reattach(gateway, access)):
        return checks
    return (*attached, *access_policies.verify(gateway, access))


def _reattach(gateway: Gateway, access: StackAccess) -> tuple[Check, ...]:
    role = access.support_role
    attached = read("iam:ListAttachedRolePolicies", lambda: gateway.iam.attached_role_policies(role))
    policy = session_policy(gateway, access).value
    if not (role and policy) or attached.value is None or policy in {p.arn for p in attached.value.values()}:
        return ()
    gateway.iam.attach_role_policy(role, policy)
    return (Check(f"policy of the support role {role}", True, f"attached again: {policy}"),)


def _holders(access: StackAccess) -> tuple[tuple[str, str], ...]:
    return ("user", access.support_user), ("role", access.support_role)
