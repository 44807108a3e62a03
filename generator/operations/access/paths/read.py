"""Reading every path there is: the one place that knows them all."""

from __future__ import annotations

from collections.abc import Mapping

from generator.gateway.aws import Gateway
from generator.model.access import AccessKey
from generator.model.access_path import AccessPaths
from generator.model.reading import Reading
from generator.model.session import Session
from generator.operations.access.live_policies import LivePolicies
from generator.operations.access.paths import (
    boundary,
    cluster,
    database,
    keeper,
    key_grants,
    keys,
    policies,
    replicas,
    roles,
    sessions,
    statements,
    user,
)
from generator.operations.access.paths.resources import session_policy_of
from generator.operations.access.session_owners import Owners
from generator.operations.access.stack_access import StackAccess


def read_paths(
    gateway: Gateway,
    access: StackAccess,
    resources: Reading[Mapping[str, str]],
    live: LivePolicies,
    live_keys: Reading[tuple[AccessKey, ...]],
    live_sessions: Reading[tuple[Session, ...]],
    owners: Owners,
) -> AccessPaths:
    """Ask about each path; policies, keys and sessions as they were read. Never raises for what AWS answers.

    `resources` are the stack's, their physical IDs by logical ID; `owners` says whose the sessions near the stack are.
    """
    commands = gateway.commands
    every = roles.every_role(gateway)
    other_roles = roles.roles(gateway, access, resources, every)
    policy = session_policy_of(resources)
    bounds = boundary.read_session_policy(gateway, access, policy, live)
    holders = (("user", access.support_user, live.user), ("role", access.support_role, live.role))
    return AccessPaths(
        access_keys=keys.access_keys(live_keys, commands, access.grant.until),
        secret=statements.secret(live, access, commands),
        replicas=replicas.replicas(gateway, access),
        key=statements.key(live, access, commands),
        trust=statements.trust(live, access, commands),
        sessions=sessions.sessions(live_sessions, owners, other_roles, access, commands),
        database=database.database(access, commands, live_sessions.at),
        credentials=user.credentials(gateway, access),
        groups=user.groups(gateway, access),
        foreign_policies=tuple(
            policies.foreign_policies(kind, name, reading, policy, access, commands) for kind, name, reading in holders
        ),
        boundaries=(
            *(boundary.boundary(gateway, kind, name, policy) for kind, name, _ in holders),
            boundary.widened(gateway, access, bounds),
        ),
        instance_profiles=roles.instance_profiles(gateway, access),
        key_grants=key_grants.grants(gateway, access),
        roles=other_roles,
        session_policy=bounds,
        cluster=cluster.cluster(gateway, access, resources, every),
        keeper=keeper.keeper(gateway, access, resources),
    )
