"""What a revocation does not ask about, named so that a person looks: inside the instance, and its own role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from generator.gateway.aws import Gateway
from generator.model.contract import Resource
from generator.model.reading import Reading
from generator.operations.access.instance_roles import foreign_profile
from generator.operations.access.readings import read
from generator.operations.access.stack_access import StackAccess

LIFETIME = "up to 6 hours"
"""How long credentials of an instance's role are valid once somebody copied them (EC2 user guide, "IAM roles")."""

TAKEN_BEFORE = (
    "Credentials that somebody took by another role of the account, before its trust was closed to them, were not "
    "asked about: they stay valid for up to 12 hours, unless the role's older sessions were revoked in IAM"
)
"""No call lists them, and what a role's trust was before is recorded nowhere (IAM user guide, "Revoke IAM role
temporary security credentials"; the longest session: STS API reference, AssumeRole)."""


OTHER_HOLDERS = (
    "Whoever holds keys or passwords of other IAM users of the account, or permissions delegated to a partner of AWS, "
    "was not asked about: they count as your own. See: {users}; {delegations}"
)
"""AWS says that a user exists, not who has its key. A delegation gives a partner credentials without a role of the
account (IAM user guide, "Temporary delegation")."""


OTHER_WAYS = (
    "What else somebody of the account may open was not asked about: an EC2 Instance Connect Endpoint "
    "({endpoints}) and the serial console ({console}); nor EKS clusters of other regions and accounts, which may let "
    "the instance's role in ({clusters})"
)
"""These begin with an IAM permission of the account's own people, or are elsewhere; the first two open a shell."""


def not_asked(gateway: Gateway, access: StackAccess, resources: Reading[Mapping[str, str]]) -> tuple[str, ...]:
    """One sentence each; none for a stack without an instance. Never raises for what AWS answers.

    `resources` are the stack's, their physical IDs by logical ID.
    """
    counted = ", ".join(sorted(access.declared))
    own = f"Counted as your own, as --own names it: {counted}. Whomever it lets in was not judged" if counted else ""
    about_own = tuple(filter(None, (own, access.undeclared)))
    if not (instance := access.instance_id):
        return about_own
    look = gateway.commands.deployer("connect", instance)
    inside = (
        f"What was left inside the instance {instance} was not asked about: processes, cron and systemd jobs, users, "
        f"SSH keys, containers. Look there: {look}"
    )
    return (
        inside,
        _own_role(gateway, access, resources),
        TAKEN_BEFORE,
        _other_ways(gateway),
        _other_holders(gateway),
        *about_own,
    )


def _other_ways(gateway: Gateway) -> str:
    endpoints, console = ("describe-instance-connect-endpoints", "get-serial-console-access-status")
    elsewhere = replace(gateway.commands, region="REGION")
    return OTHER_WAYS.format(
        endpoints=gateway.commands.aws("ec2", endpoints),
        console=gateway.commands.aws("ec2", console),
        clusters=elsewhere.aws("eks", "list-clusters"),
    )


def _other_holders(gateway: Gateway) -> str:
    users, delegations = (gateway.commands.aws("iam", each) for each in ("list-users", "list-delegation-requests"))
    return OTHER_HOLDERS.format(users=users, delegations=delegations)


def _own_role(gateway: Gateway, access: StackAccess, listed: Reading[Mapping[str, str]]) -> str:
    """What the role keeps that the instance has: by the stack, unless somebody gave the instance another profile."""
    resources = listed.value or {}
    role, profile = resources.get(Resource.INSTANCE_ROLE, ""), resources.get(Resource.INSTANCE_PROFILE, "")
    live = foreign_profile(gateway, access, listed)
    if profile and (name := live.value):
        look = gateway.commands.aws("iam", "get-instance-profile", "--instance-profile-name", name)
        return (
            f"The instance has the instance profile {name}, which is not the stack's ({profile}). What its role may do "
            f"was not asked: {look}. Credentials copied from the instance stay valid for {LIFETIME}"
        )
    policies = read("iam:ListAttachedRolePolicies, iam:ListRolePolicies", lambda: gateway.iam.role_policy_names(role))
    if not role or policies.value is None:
        why = policies.detail if role else "the stack's resources could not be listed"
        return f"What the instance's own role may do is not known: {why}"
    names = ", ".join(policies.value) or "no policy"
    unseen = f". Whether the instance still has it is not known: needs {live.permission}" if live.permission else ""
    return (
        f"The instance's own role {role} keeps its permissions ({names}). Credentials copied from the instance "
        f"stay valid for {LIFETIME}{unseen}"
    )
