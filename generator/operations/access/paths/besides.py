"""What lets the principals of a grant in besides it, or the support user or role: asked before and after a grant.

The same paths as a revocation asks about, without those that let none of them in: who may invoke the keeper, and what
opens nothing by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from generator.gateway.aws import Gateway
from generator.model.access_path import AccessPath, OtherPaths, PathKind, PathReading
from generator.model.principal import Principal
from generator.model.reading import Reading
from generator.operations.access import observations
from generator.operations.access.live_policies import LivePolicies, read_policies
from generator.operations.access.paths import (
    boundary,
    cluster,
    key_grants,
    policies,
    replicas,
    roles,
    sessions,
    statements,
    user,
)
from generator.operations.access.paths.resources import session_policy_of
from generator.operations.access.session_owners import session_owners
from generator.operations.access.stack_access import StackAccess

OF_WHOM_THEY_NAME = frozenset({PathKind.ROLE, PathKind.KEY_GRANT, PathKind.CLUSTER})
"""These let in whom they name, which may be somebody else of the customer's own choosing."""


@dataclass(frozen=True)
class Seen:
    """What was asked: the stack's resources (physical IDs by logical ID), its policies, the paths of these and others.

    `others` are the paths that no policy of the stack's shows.
    """

    resources: Reading[Mapping[str, str]]
    live: LivePolicies
    of_policies: tuple[PathReading, ...]
    others: tuple[PathReading, ...]


def look(
    gateway: Gateway, access: StackAccess, resources: Reading[Mapping[str, str]], *, boundaries: bool = False
) -> Seen:
    """Ask about each such path. Never raises for what AWS answers.

    With `boundaries` those of user and role are asked about too: a grant restores them. `resources` as in `Seen`.
    """
    live, live_sessions = read_policies(gateway, access), observations.live_sessions(gateway)
    owners = session_owners(gateway, access, live_sessions.value or ())
    every, policy = roles.every_role(gateway), session_policy_of(resources)
    other_roles = roles.roles(gateway, access, resources, every)
    bounds = (boundary.boundary(gateway, kind, name, policy) for kind, name in access.holders)
    others = (
        *(bounds if boundaries else ()),
        *user.credentials(gateway, access, opening=True),
        user.groups(gateway, access),
        roles.instance_profiles(gateway, access),
        key_grants.grants(gateway, access),
        replicas.replicas(gateway, access),
        cluster.cluster(gateway, access, resources, every),
        other_roles,
        sessions.sessions(live_sessions, owners, other_roles, access, gateway.commands),
    )
    return Seen(resources, live, _of_policies(gateway, access, resources, live), others)


def look_again(gateway: Gateway, access: StackAccess, before: Seen) -> Seen:
    """The same with the policies as they are now, which an update has written; what it cannot change is not asked."""
    live = read_policies(gateway, access)
    return replace(before, live=live, of_policies=_of_policies(gateway, access, before.resources, live))


def _of_policies(
    gateway: Gateway, access: StackAccess, resources: Reading[Mapping[str, str]], live: LivePolicies
) -> tuple[PathReading, ...]:
    """The paths that the policies show; the stack's managed one is asked for where nobody has it attached."""
    policy, commands = session_policy_of(resources), gateway.commands
    bounds = boundary.read_session_policy(gateway, access, policy, live)
    return (
        statements.secret(live, access, commands),
        statements.key(live, access, commands),
        statements.trust(live, access, commands),
        *(
            policies.foreign_policies(kind, name, reading, policy, access, commands)
            for (kind, name), reading in zip(access.holders, (live.user, live.role), strict=True)
        ),
        boundary.widened(gateway, access, bounds),
    )


def besides(seen: Seen, access: StackAccess, principals: Iterable[Principal], now: datetime) -> OtherPaths:
    """What of it lets these principals in, or support's user and role; at that time (UTC). Pure.

    A role is named once, whomever of them it trusts.
    """
    asked, known = (*seen.of_policies, *seen.others), (*principals, *_support(access))
    theirs = (path for path in _foreign(asked) if path.is_open(now) and _concerns(path, known))
    once = {(path.kind, path.name if path.kind is PathKind.ROLE else path): path for path in theirs}
    return OtherPaths(tuple(once.values()), tuple(_unread(asked)))


def already_in(seen: Seen, principal: Principal) -> AccessPath | None:
    """The statement made by hand that gives this one what a grant would: the secret with its key, or the role. Pure."""
    covering = [path for path in _foreign(seen.of_policies) if Principal.from_pattern(path.who).covers(principal)]
    kinds = {path.kind: path for path in covering}
    if PathKind.KEY in kinds and PathKind.SECRET in kinds:
        return kinds[PathKind.SECRET]
    return kinds.get(PathKind.TRUST)


def _foreign(asked: Iterable[PathReading]) -> Iterator[AccessPath]:
    return (path for reading in asked for path in reading.value or () if not path.by_stack)


def _concerns(path: AccessPath, known: tuple[Principal, ...]) -> bool:
    if path.kind not in OF_WHOM_THEY_NAME:
        return True
    who = Principal.from_pattern(path.who)
    return not who.account or any(who.covers(each) or each.covers(who) for each in known)


def _support(access: StackAccess) -> tuple[Principal, ...]:
    return tuple(Principal.from_pattern(arn) for arn in (access.user_arn, access.role_arn) if arn)


def _unread(readings: Iterable[Reading[Any]]) -> Iterator[str]:
    """The questions that had no answer, each once, with the reason."""
    unread = (r for r in readings if r.problem and not (r.absent or r.gone))
    yield from dict.fromkeys(f"{reading.asked}: {reading.detail}" for reading in unread)
