"""Reading every path there is: the one place that knows them all."""

from __future__ import annotations

from generator.gateway.aws import Gateway
from generator.model.access_path import AccessPaths
from generator.operations.access.live_policies import LivePolicies
from generator.operations.access.paths import boundary, cluster, key, policies, roles, user
from generator.operations.access.paths.resources import session_policy_of, stack_resources
from generator.operations.access.stack_access import StackAccess


def read_paths(gateway: Gateway, access: StackAccess, live: LivePolicies) -> AccessPaths:
    """Ask about each path; `live` are the policies as they were read. Never raises for what AWS answers."""
    resources = stack_resources(gateway, access)
    policy = session_policy_of(resources)
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
        cluster=cluster.cluster(gateway, access, resources),
    )
