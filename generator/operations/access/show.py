"""access show: who may enter, until when, what is open now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain
from typing import Any

from generator.gateway.aws import Gateway
from generator.model.access import AccessState
from generator.model.reading import Reading
from generator.operations import resource_states
from generator.operations.access import (
    access_policies,
    document_findings,
    instance_roles,
    session_end,
    stack_access,
)
from generator.operations.access.findings import findings
from generator.operations.access.live_policies import read_policies
from generator.operations.access.observations import live_sessions
from generator.operations.access.own_accounts import declare
from generator.operations.access.paths.read import read_paths
from generator.operations.access.paths.resources import stack_resources
from generator.operations.access.session_owners import session_owners
from generator.operations.clock import SYSTEM, Clock

SHOWN = (
    *(resource_states.support_user, resource_states.support_role, resource_states.support_secret),
    *(resource_states.key, resource_states.session_log_group, resource_states.instance),
)
"""What access goes through."""


def show(
    gateway: Gateway,
    clock: Clock = SYSTEM,
    own: frozenset[str] = frozenset(),
    questions: tuple[resource_states.Question, ...] = SHOWN,
) -> AccessState:
    """Read everything. `own` are other accounts and organizations of the customer. Raises StackNotFound, and
    UsageError for an account that cannot be the customer's own.

    `questions` are those about the stack's resources.
    """
    access, now = stack_access.read_access(gateway), clock.now()
    resources = stack_resources(gateway, access)
    access = declare(gateway, access, own, resources)
    live = read_policies(gateway, access)
    policies = access_policies.access_policies_of(live)
    keys, sessions = access_policies.read_keys(gateway, access), live_sessions(gateway)
    owners = session_owners(gateway, access, sessions.value or ())
    paths = read_paths(gateway, access, resources, live, keys, sessions, owners)
    states = tuple(resource_states.look(gateway, access.stack, questions))
    state = AccessState(
        at=now,
        stack_name=access.stack.name,
        region=access.stack.region,
        account=access.stack.account,
        instance_id=access.instance_id,
        grant=access.grant,
        support_user=access.support_user,
        database=access.database,
        secret_arn=access.secret_arn,
        key_arn=access.key_arn,
        policies=policies,
        ends=access_policies.ends(policies),
        changed=access.stack.updated or access.stack.created,
        keys=keys.value or (),
        paths=paths.seen,
        unread=(*filter(None, [access.undeclared]), *_unread((*paths.readings, *states))),
        sessions=tuple(s for s in sessions.value or () if s.target == access.instance_id),
        broken=tuple(state.value for state in states if state.value),
    )
    others = (
        session_end.findings(gateway, access, resources),
        instance_roles.findings(gateway, access, resources),
        document_findings.findings(gateway, access, resources),
    )
    return replace(state, findings=(*findings(state, now, gateway.commands), *chain(*others)))


def _unread(readings: Iterable[Reading[Any]]) -> tuple[str, ...]:
    unread = (r for r in readings if r.problem and not (r.absent or r.gone))
    return tuple(f"{reading.asked}: {reading.detail}" for reading in unread)
