"""access grant: let principals read the secret until a time, as parameters of the stack and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from generator.errors import DeployerError, Refused, UsageError
from generator.gateway.aws import Gateway
from generator.model.access import HandOver
from generator.model.contract import GRANT_RESOURCES, Output
from generator.model.duration import end_after
from generator.model.grant import Grant, check_reason, check_sizes
from generator.model.plan import UpPlan, UpRequest
from generator.model.policy import PolicyStatement
from generator.model.principal import Principal
from generator.operations.access import key, session_log, stack_access
from generator.operations.access.permission_summary import ROLE_SID, Sentence, secret_statement, sentences
from generator.operations.access.stack_access import Record
from generator.operations.stack import change_set
from generator.operations.stack import plan as stack_plan
from generator.policies.document import plain
from generator.policies.vendor import secret_policy, vendor_identity_policy, vendor_role_policy

SECRET_POLICY_LIMIT = 20_480  # characters; Secrets Manager API, PutResourcePolicy.ResourcePolicy
ATTEMPTS = 3
SCOPE = frozenset(map(str, GRANT_RESOURCES))
DEFAULT_LENGTH = timedelta(hours=8)


@dataclass(frozen=True)
class GrantRequest:
    """What was asked: whom to let in, for how long (None: as it stands, or 8 hours), or without an end."""

    principals: tuple[Principal, ...]
    length: timedelta | None = None
    no_end: bool = False
    reason: str | None = None
    unlogged: bool = False
    via: str | None = None


@dataclass(frozen=True)
class Overlap:
    """A principal that another one of the same grant lets in as well: its own grant adds nothing."""

    principal: str
    covered_by: str


@dataclass(frozen=True)
class AccessPlan:
    """A change of the grant, as the stack's planner sees it; nothing has been changed yet."""

    record: Record = field(repr=False)
    before: Grant
    after: Grant
    up: UpPlan
    sentences: tuple[Sentence, ...] = ()
    moved: tuple[Principal, ...] = ()
    overlaps: tuple[Overlap, ...] = ()

    @property
    def unchanged(self) -> bool:
        """Whether there is nothing to do."""
        return self.up.change_set is None


def plan_grant(gateway: Gateway, request: GrantRequest) -> AccessPlan:
    """Work out what the grant would change. Raises UsageError, Refused, StackBusy and the errors of the planner.

    The stack is read again after the change set is made: a grant that came in between is then part of the next
    attempt, so none is lost. From there on CloudFormation itself guards the plan: whatever else is executed on
    the stack makes the change set void.
    """
    if request.reason is not None:
        check_reason(request.reason)
    found = stack_access.read_record(gateway)
    refuse_while_paused(gateway, found)
    stack_access.require_grantable(found, request.via)
    if not request.unlogged:
        session_log.require_logged(gateway, found)
    elif not request.reason:
        raise UsageError("Unlogged access needs a reason.", "Give it: --reason TICKET", code="reason")
    for _ in range(ATTEMPTS):
        after = wanted(found, request, datetime.now(UTC))
        planned = plan_change(gateway, found, after)
        fresh = stack_access.read_record(gateway) if not planned.unchanged else found
        if fresh.grant == found.grant:
            return replace(planned, overlaps=overlaps(after, request.principals))
        change_set.discard(gateway, planned.up)
        found = fresh
    raise DeployerError(
        f"The grants of the stack {found.stack.name} keep changing while this one is planned, so nothing was changed.",
        "Run it again when the others are done.",
        code="grants-changing",
    )


def overlaps(grant: Grant, asked: tuple[Principal, ...]) -> tuple[Overlap, ...]:
    """Where one of these is covered by another principal of the grant, or covers it. Pure."""
    pairs = ((wide, narrow) for wide in grant.principals for narrow in grant.principals if wide != narrow)
    return tuple(
        Overlap(narrow.arn, wide.arn)
        for wide, narrow in pairs
        if wide.covers(narrow) and (wide in asked or narrow in asked)
    )


def refuse_while_paused(gateway: Gateway, found: Record) -> None:
    """Raise Refused when the key is inactive: whoever paused access resumes it, a grant does not do it in passing."""
    if found.grant.paused or key.is_paused(key.list_keys(gateway, found.support_user)):
        raise Refused(
            f"Access to the stack {found.stack.name} is paused, so nobody new is let in.",
            "Open it again first: deployer access resume (or finish a revocation: deployer access revoke --all)",
            code="paused",
        )


def ensure_key(gateway: Gateway, found: Record) -> bool:
    """After a revocation the user has no key: have the keeper make one. Whether one was made."""
    if not found.grant.principals or not found.support_user or key.list_keys(gateway, found.support_user):
        return False
    key.turn(gateway, found)
    return True


def wanted(found: Record, request: GrantRequest, now: datetime) -> Grant:
    """The grant the stack shall have. Pure. Raises UsageError and Refused."""
    for principal in request.principals:
        if principal.partition != found.stack.partition:
            raise UsageError(
                f"The principal {principal.arn} is in partition {principal.partition}, the stack in "
                f"{found.stack.partition}; access between partitions does not exist.",
                "Ask the vendor for a principal in your partition.",
                code="principal",
            )
    after = found.grant.joined(request.principals, _end(found.grant, request, now), request.reason, now, request.via)
    check_sizes(after)
    _check_policy_size(after)
    return after


def _end(current: Grant, request: GrantRequest, now: datetime) -> datetime | None:
    """No length given: principals that are in already keep their end, everything else gets eight hours."""
    if request.no_end:
        return None
    if request.length is None and set(request.principals) <= set(current.live(now)):
        return current.until
    return end_after(now, request.length or DEFAULT_LENGTH)


def _check_policy_size(grant: Grant) -> None:
    patterns = [principal.pattern for principal in grant.principals]
    document = secret_policy(list(grant.accounts), patterns, grant.until_text or None)
    size = len(json.dumps(plain(document)))
    if size > SECRET_POLICY_LIMIT:
        raise Refused(
            f"The secret's policy would be {size} characters long; Secrets Manager takes {SECRET_POLICY_LIMIT}.",
            "Revoke principals that are done.",
            code="too-many-principals",
        )


def plan_change(gateway: Gateway, found: Record, after: Grant) -> AccessPlan:
    """Plan the move from the recorded grant to another one: parameters only, and only what a grant may touch."""
    request = UpRequest(
        given=after.parameters(),
        scope=SCOPE,
        by_access=True,
        why=f"support access: {after.reason}" if after.reason else "support access",
    )
    kept = set(found.grant.principals) & set(after.principals)
    moved = tuple(sorted(kept)) if found.grant.until != after.until else ()
    up = stack_plan.plan_from(gateway, request, found.stack)
    return AccessPlan(found, found.grant, after, up, sentences(after, found), moved)


def hand_over(found: Record) -> HandOver:
    """What the vendor needs, ready to send: nothing in it is secret."""
    grant = found.grant
    return HandOver(
        region=found.stack.region,
        account=found.stack.account,
        secret_arn=found.secret_arn,
        key_arn=found.key_arn,
        instance_id=found.stack.outputs.get(Output.INSTANCE_ID, ""),
        until=grant.until_text,
        reason=grant.reason,
        principals=tuple(principal.arn for principal in grant.principals),
        identity_policy=_identity_policy(found),
        role_arn=found.role_arn if grant.allows_path("role") else "",
        external_id=found.external_id if grant.allows_path("role") else "",
        database=found.database,
    )


def _identity_policy(found: Record) -> Mapping[str, object]:
    if found.secret_arn and found.grant.allows_path("secret"):
        return vendor_identity_policy(found.secret_arn, found.key_arn)
    return vendor_role_policy(found.role_arn)


def agrees(grant: Grant, live: tuple[PolicyStatement, ...], sid: str) -> bool:
    """Whether the vendor's statement of one policy has the grant's accounts, principals and end, or is not there."""
    found = next((statement for statement in live if statement.sid == sid), None)
    if not grant.principals or not grant.allows_path("role" if sid == ROLE_SID else "secret"):
        return found is None
    expected = secret_statement(grant)
    return (
        found is not None
        and found.accounts == expected.accounts
        and set(found.principal_arns) == set(expected.principal_arns)
        and found.until == expected.until
    )
