"""The plan of a grant: principals and an end, as parameters of the stack and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from generator.errors import DeployerError, Refused, UsageError
from generator.gateway.aws import Gateway
from generator.model.access_path import OtherPaths
from generator.model.contract import GRANT_RESOURCES, PAUSED, Parameter
from generator.model.duration import end_after
from generator.model.grant import Grant, check_reason, check_sizes
from generator.model.principal import Principal
from generator.model.up import Check, UpPlan, UpRequest
from generator.operations import resource_states
from generator.operations.access import keeper_faults, key, session_log, stack_access
from generator.operations.access.keeper_faults import RuleFault
from generator.operations.access.paths import besides
from generator.operations.access.paths.resources import stack_resources
from generator.operations.access.permission_summary import Permission, permission_summary
from generator.operations.access.repair import Repair, find_repairs
from generator.operations.access.stack_access import StackAccess
from generator.operations.access.trust_statement import trust_statement
from generator.operations.clock import SYSTEM, Clock
from generator.operations.stack import change_set, states
from generator.operations.stack import plan as stack_plan
from generator.policies.document import Document

ATTEMPTS = 3
SCOPE = frozenset(map(str, GRANT_RESOURCES))
DEFAULT_LENGTH = timedelta(hours=8)
NOTHING: Mapping[str, str] = {}
GRANTED = (
    *(resource_states.support_user, resource_states.support_role, resource_states.support_secret),
    resource_states.keeper,
)
"""What a grant writes to or shares: CloudFormation would fail on one that is not there, or wait for it."""
A_PAUSE: Mapping[str, str] = {Parameter.SUPPORT_SESSIONS_NOT_BEFORE: PAUSED}
"""What a pause adds to the role's trust: a grant that leaves no room for it could not be paused."""


@dataclass(frozen=True)
class GrantRequest:
    """What was asked: whom to let in, for how long (None: as it stands, or 8 hours), or without an end.

    `foreign`: keep or replace statements that somebody added to the policies; None refuses where there are any.
    `probe`: first open a shell and look for its transcript. `plan_only`: return the plan and leave nothing behind.
    """

    principals: tuple[Principal, ...]
    length: timedelta | None = None
    no_end: bool = False
    reason: str | None = None
    unlogged: bool = False
    via: str | None = None
    foreign: str | None = None
    probe: bool = False
    plan_only: bool = False


@dataclass(frozen=True)
class Overlap:
    """A principal that another one, of the grant or of a statement made by hand, lets in as well."""

    principal: str
    covered_by: str
    foreign: bool = False


@dataclass(frozen=True)
class AccessPlan:
    """A change of the grant, as the stack's planner sees it; nothing has been changed yet.

    `others` lets the principals, or support's user and role, in besides the grant. `stopped` is why the stack will not
    end open sessions at the grant's end. `logging` is what was verified of the session log, () where that was not asked
    for. `trust` is the statement that the support role's trust policy then has for the vendor, {} where there is none.
    """

    access: StackAccess = field(repr=False)
    before: Grant
    after: Grant
    up: UpPlan
    overlaps: tuple[Overlap, ...]
    repairs: tuple[Repair, ...]
    others: OtherPaths
    seen: besides.Seen = field(repr=False)
    stopped: RuleFault | None
    permissions: tuple[Permission, ...] = ()
    moved: tuple[Principal, ...] = ()
    logging: tuple[Check, ...] = ()
    trust: Document = field(default_factory=dict)

    @property
    def unchanged(self) -> bool:
        """Whether the stack stays as it is."""
        return self.up.change_set is None

    @property
    def reason_replaced(self) -> bool:
        """Whether some of those who stay were let in for another reason, which the stack forgets."""
        stay = set(self.before.principals) & set(self.after.principals)
        return bool(stay and self.before.reason and self.before.reason != self.after.reason)

    @property
    def asks(self) -> bool:
        """Whether there is something to do, in the stack or beside it."""
        return not self.unchanged or bool(self.repairs)


def plan_grant(gateway: Gateway, request: GrantRequest, clock: Clock = SYSTEM) -> AccessPlan:
    """Work out what the grant would change. Raises UsageError, Refused, StackBusy and the errors of the planner.

    The stack is read again after the change set is made: a grant that came in between is then part of the next
    attempt, so none is lost. From there on CloudFormation itself guards the plan: whatever else is executed on
    the stack makes the change set void.
    """
    if request.reason is not None:
        check_reason(request.reason)
    access = stack_access.read_access(gateway)
    states.require_updatable(access.stack, gateway.commands)  # first: what a dead stack lacks is not its fault
    refuse_while_paused(gateway, access)
    stack_access.require_grantable(access, gateway.commands, request.via)
    resource_states.require(gateway, access.stack, GRANTED, "Nothing was granted.")
    logging: tuple[Check, ...] = ()
    if not request.unlogged:
        logging = session_log.require_logged(gateway, access)
    elif not request.reason:
        raise UsageError("Unlogged access needs a reason.", "Give it: --reason TICKET", code="reason")
    else:
        resource_states.require(gateway, access.stack, (resource_states.key,), "Nothing was granted.")
    resources = stack_resources(gateway, access)
    repairs = find_repairs(gateway, access, resources)
    granted = replace(access, grant=wanted(access, request, clock.now()))
    seen = besides.look(gateway, granted, resources)
    for _ in range(ATTEMPTS):
        after = wanted(access, request, clock.now())
        planned = plan_change(gateway, access, after, clock, A_PAUSE)
        with change_set.discarded_on_error(gateway, planned):
            fresh = stack_access.read_access(gateway) if planned.change_set is not None else access
            stopped = keeper_faults.stopped(gateway, resources) if after.until and planned.change_set else None
        if fresh.grant == access.grant:
            covered = (*overlaps(after, request.principals), *_covered_by_a_person(seen, request.principals))
            others = besides.besides(seen, access, after.principals, clock.now())
            permissions, moved = permission_summary(after, access), _moved(access.grant, after)
            return AccessPlan(
                *(access, access.grant, after, planned, covered, repairs, others, seen, stopped, permissions, moved),
                *(logging, trust_statement(after, access)),
            )
        change_set.discard(gateway, planned)
        access = fresh
    raise DeployerError(
        f"The grants of the stack {access.stack.name} kept changing during planning, so nothing was changed.",
        "Run it again when the other changes are done.",
        code="grants-changing",
    )


def overlaps(grant: Grant, asked: tuple[Principal, ...]) -> tuple[Overlap, ...]:
    """Where one of these is covered by another principal of the grant, or covers it. Pure."""
    pairs = ((wide, other) for wide in grant.principals for other in grant.principals if wide != other)
    return tuple(
        Overlap(other.arn, wide.arn)
        for wide, other in pairs
        if wide.covers(other) and (wide in asked or other in asked)
    )


def _covered_by_a_person(seen: besides.Seen, asked: tuple[Principal, ...]) -> tuple[Overlap, ...]:
    """Where statements that somebody made by hand give one of these what the grant gives: it adds nothing to them."""
    pairs = ((principal, besides.already_in(seen, principal)) for principal in asked)
    return tuple(Overlap(principal.arn, path.label, foreign=True) for principal, path in pairs if path)


def refuse_while_paused(gateway: Gateway, access: StackAccess) -> None:
    """Raise Refused when the key is inactive: whoever paused access resumes it, a grant does not do it in passing."""
    if access.grant.paused or key.is_paused(key.list_keys(gateway, access.support_user)):
        raise Refused(
            f"Access to the stack {access.stack.name} is paused, so nothing was granted.",
            f"Resume it first: {gateway.commands.deployer('access', 'resume')}\n"
            f"Or finish a revocation: {gateway.commands.deployer('access', 'revoke', '--all')}",
            code="paused",
        )


def wanted(access: StackAccess, request: GrantRequest, now: datetime) -> Grant:
    """The grant the stack shall have. Pure. Raises UsageError and Refused."""
    for principal in request.principals:
        if principal.partition != access.stack.partition:
            raise UsageError(
                f"The principal {principal.arn} is in partition {principal.partition}, the stack in "
                f"{access.stack.partition}; AWS has no access between partitions.",
                "Ask the vendor for a principal in your partition.",
                code="principal",
            )
    after = access.grant.joined(request.principals, _end(access.grant, request, now), request.reason, now, request.via)
    check_sizes(after)
    return after


def _end(current: Grant, request: GrantRequest, now: datetime) -> datetime | None:
    """No length given: principals that are in already keep their end, everything else gets eight hours."""
    if request.no_end:
        return None
    if request.length is None and set(request.principals) <= set(current.live(now)):
        return current.until
    return end_after(now, request.length or DEFAULT_LENGTH)


def _moved(before: Grant, after: Grant) -> tuple[Principal, ...]:
    """Those who stay, and whose end is another one afterwards."""
    staying = set(before.principals) & set(after.principals)
    return tuple(sorted(staying)) if before.until != after.until else ()


def plan_change(
    gateway: Gateway,
    access: StackAccess,
    after: Grant,
    clock: Clock = SYSTEM,
    room_for: Mapping[str, str] = NOTHING,
) -> UpPlan:
    """Plan the move from the recorded grant to another one: parameters only, and only what a grant may touch.

    `room_for` are values that the policies must have room for as well; without any, sizes are not looked at.
    """
    request = UpRequest(
        given=after.parameters(),
        scope=SCOPE,
        by_access=True,
        room_for=room_for,
        why=f"support access: {after.reason}" if after.reason else "support access",
    )
    return stack_plan.plan_from(gateway, request, access.stack, clock)
