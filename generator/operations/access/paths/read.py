"""Reading every path there is: the one place that knows them all."""

from __future__ import annotations

from generator.gateway.aws import Gateway
from generator.model.access_path import AccessPaths
from generator.model.contract import Resource
from generator.model.reading import Reading
from generator.operations.access.live_policies import LivePolicies
from generator.operations.access.paths import boundary, key, policies, roles, user
from generator.operations.access.readings import read
from generator.operations.access.stack_access import StackAccess


def read_paths(gateway: Gateway, access: StackAccess, live: LivePolicies) -> AccessPaths:
    """Ask about each path; `live` are the policies as they were read. Never raises for what AWS answers."""
    policy = session_policy(gateway, access)
    holders = (("user", access.support_user, live.user), ("role", access.support_role, live.role))
    return AccessPaths(
        credentials=user.credentials(gateway, access),
        groups=user.groups(gateway, access),
        foreign_policies=tuple(
            policies.foreign_policies(kind, name, reading, policy, access, gateway.commands)
            for kind, name, reading in holders
        ),
        boundaries=(
            *(boundary.boundary(gateway, kind, name, policy) for kind, name, _ in holders),
            boundary.widened(gateway, access, policy, live),
        ),
        instance_profiles=roles.instance_profiles(gateway, access),
        key_grants=key.grants(gateway, access),
        roles=roles.roles(gateway, access),
    )


def session_policy(gateway: Gateway, access: StackAccess) -> Reading[str]:
    """ARN of the stack's managed policy, the boundary of user and role; empty where its template has none."""

    def ask() -> str:
        listed = gateway.cloudformation.list_stack_resources(access.stack.stack_id)
        return next((r.physical_id for r in listed if r.logical_id == Resource.SUPPORT_SESSION_POLICY), "")

    return read("cloudformation:ListStackResources", ask)
