"""What a grant restores: the permissions boundary of user and role, and the attachment of the role's policy.

CloudFormation writes a property again only where its value changes, so what a person took away stays away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generator.errors import Refused
from generator.gateway.aws import Gateway
from generator.model.reading import Problem, Reading
from generator.model.up import Check
from generator.operations.access import access_policies
from generator.operations.access.live_policies import LivePolicies, read_policies
from generator.operations.access.paths.boundary import boundary
from generator.operations.access.paths.resources import session_policy_of
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


def find_repairs(gateway: Gateway, access: StackAccess, resources: Reading[Mapping[str, str]]) -> tuple[Repair, ...]:
    """Whose boundary has to be restored. Raises Refused when that cannot be read: nobody is let in unbounded.

    `resources` are the stack's, their physical IDs by logical ID.
    """
    policy = session_policy_of(resources)
    repairs = []
    for kind, name in access.holders:
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


def verify(
    gateway: Gateway, access: StackAccess, resources: Reading[Mapping[str, str]], live: LivePolicies
) -> tuple[Check, ...]:
    """Whether each policy, read back after the stack's update, says what the stack records.

    Where the role lacks the stack's statements because their policy was detached, it is attached again first. What the
    user may do is in an inline policy, which the update of a grant writes. `live` are the policies as they were read.
    """
    checks = access_policies.verify(access, live)
    if all(check.holds for check in checks) or not (attached := _reattach(gateway, access, resources, live)):
        return checks
    return (*attached, *access_policies.verify(access, read_policies(gateway, access)))


def _reattach(
    gateway: Gateway, access: StackAccess, resources: Reading[Mapping[str, str]], live: LivePolicies
) -> tuple[Check, ...]:
    role, policy = access.support_role, session_policy_of(resources).value
    if not (role and policy) or live.role.value is None or policy in {p.arn for p in live.role.value}:
        return ()
    gateway.iam.attach_role_policy(role, policy)
    return (Check(f"policy of the support role {role}", True, f"attached again: {policy}"),)
