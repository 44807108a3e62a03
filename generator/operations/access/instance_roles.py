"""Which roles whoever is on the stack's instance has: the stack's, or those of a profile that somebody put there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.gateway.aws import Gateway
from generator.model.access import AccessFinding
from generator.model.contract import Resource
from generator.model.reading import Reading
from generator.operations import resource_states
from generator.operations.access.readings import read
from generator.operations.access.stack_access import StackAccess


def foreign_profile(gateway: Gateway, access: StackAccess, resources: Reading[Mapping[str, str]]) -> Reading[str]:
    """Name of the instance's profile where it is not the stack's; "" where it is, or there is none. Never raises.

    `resources` are the stack's, their physical IDs by logical ID.
    """
    if resources.value is None:
        return resources.unanswered()
    profile = read("ec2:DescribeInstances", lambda: gateway.ec2.instance_health(access.instance_id).profile)
    if profile.value is None:
        return profile
    name = profile.value.rpartition("/")[2]
    stacks = resources.value.get(Resource.INSTANCE_PROFILE, "")
    return Reading(profile.asked, profile.at, name if name != stacks else "")


def instance_roles(
    gateway: Gateway, access: StackAccess, resources: Reading[Mapping[str, str]]
) -> Reading[tuple[str, ...]]:
    """The names of the roles: the stack's, to which the profile may be put back, and those of another profile."""
    if resources.value is None:
        return resources.unanswered()
    own = (resources.value.get(Resource.INSTANCE_ROLE, ""),)
    profile = foreign_profile(gateway, access, resources)
    if profile.gone or not profile.value:
        return Reading(profile.asked, profile.at, own) if profile.gone or profile.value == "" else profile.unanswered()
    name = profile.value
    roles = read("iam:GetInstanceProfile", lambda: resource_states.profile_roles(gateway, name) or ())
    if roles.value is None:
        return roles.unanswered()
    return Reading(roles.asked, roles.at, (*own, *roles.value))


def findings(gateway: Gateway, access: StackAccess, resources: Reading[Mapping[str, str]]) -> Iterator[AccessFinding]:
    """That the instance has another profile than the stack's, with the way back. Never raises."""
    if not access.instance_id:
        return
    profile = foreign_profile(gateway, access, resources)
    if profile.permission:
        yield AccessFinding("instance profile", f"not known whether it is the stack's: this needs {profile.permission}")
    if not profile.value:
        return
    commands, stacks = gateway.commands, (resources.value or {}).get(Resource.INSTANCE_PROFILE, "")
    mine = ("--filters", f"Name=instance-id,Values={access.instance_id}")
    which = commands.aws("ec2", "describe-iam-instance-profile-associations", *mine)
    back = ("replace-iam-instance-profile-association", "--association-id", "ID", "--iam-instance-profile")
    look = commands.aws("iam", "get-instance-profile", "--instance-profile-name", profile.value)
    yield AccessFinding(
        "instance profile",
        f"the instance has {profile.value}, not the stack's ({stacks}): its role may do what nobody of the stack says",
        f"See its role: {look}; to put the stack's back: {which}; {commands.aws('ec2', *back, f'Name={stacks}')}",
    )
