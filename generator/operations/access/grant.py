"""access grant: plan, show, ask, restore what somebody took away, execute, follow, verify, in this order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from generator.gateway.aws import Gateway
from generator.model.access import VendorInstructions
from generator.model.access_path import OtherPaths
from generator.model.caller import Caller
from generator.model.contract import Output
from generator.model.grant import Grant
from generator.model.up import Check
from generator.operations.access import foreign_statements, key, logging_probe, repair, stack_access
from generator.operations.access.foreign_statements import ForeignStatements
from generator.operations.access.grant_plan import AccessPlan, GrantRequest, Overlap, plan_grant
from generator.operations.access.paths import besides
from generator.operations.access.session_end import session_end
from generator.operations.access.stack_access import StackAccess
from generator.operations.clock import SYSTEM, Clock
from generator.operations.stack import apply, change_set, guard
from generator.policies.vendor import vendor_identity_policy, vendor_role_policy


@dataclass(frozen=True)
class GrantResult:
    """Who has access now, what was read back to be sure of it, and what to send to the vendor (None: nobody is in)."""

    changed: bool
    grant: Grant
    checks: tuple[Check, ...]
    vendor: VendorInstructions | None
    overlaps: tuple[Overlap, ...]
    others: OtherPaths
    access: StackAccess = field(repr=False)


def grant(gateway: Gateway, request: GrantRequest, caller: Caller, clock: Clock = SYSTEM) -> AccessPlan | GrantResult:
    """Let principals in until a time; return who has access afterwards.

    With `plan_only`, return the plan and leave nothing behind. Raises as `plan_grant`; Refused where a shell left no
    transcript (`probe`), or statements made by hand would be lost and nobody said what becomes of them; Declined,
    UsageError where nobody can be asked, OperationFailed with the cause, and NotFollowed.
    """
    if request.probe:
        caller.show(logging_probe.require_transcript(gateway, clock))
    plan = plan_grant(gateway, request, clock)
    if request.plan_only:
        change_set.discard(gateway, plan.up)
        return plan
    with change_set.discarded_on_error(gateway, plan.up):
        foreign = _foreign(plan, request, gateway)
        caller.show(plan)
        if plan.asks:
            guard.require_no_objection(plan.up, gateway.commands)
            caller.confirm(plan)
        restored = repair.restore(gateway, plan.repairs)
    if not plan.unchanged:
        apply.start(gateway, plan.up)
        caller.events(apply.watch(gateway, plan.up))
    access = apply.read_back(gateway, plan.up, lambda: stack_access.read_access(gateway))
    if foreign is not None:
        foreign_statements.restore(gateway, access, foreign)
    if _make_key(gateway, access):
        caller.say("The support user had no access key: a new one is in the secret.")
    seen = _seen_now(gateway, access, plan)
    checks = (*restored, *repair.verify(gateway, access, seen.resources, seen.live))
    others = besides.besides(seen, access, access.grant.principals, clock.now())
    vendor = vendor_instructions(access, session_end(gateway, access)) if access.grant.principals else None
    return GrantResult(not plan.unchanged, access.grant, checks, vendor, plan.overlaps, others, access)


def _foreign(plan: AccessPlan, request: GrantRequest, gateway: Gateway) -> ForeignStatements | None:
    """What a person added to the policies that the update would overwrite and that is to stay."""
    if plan.unchanged:
        return None
    return foreign_statements.to_keep(plan.seen.live, plan.access, request.foreign, gateway.commands)


def _seen_now(gateway: Gateway, access: StackAccess, plan: AccessPlan) -> besides.Seen:
    """What the plan saw, with the policies as they are now; where nothing was written, as they were read."""
    return besides.look_again(gateway, access, plan.seen) if plan.asks else plan.seen


def _make_key(gateway: Gateway, access: StackAccess) -> bool:
    """After a revocation the user has no key: have the keeper make one. Whether one was made."""
    if not access.grant.principals or not access.support_user or key.list_keys(gateway, access.support_user):
        return False
    key.rotate_and_wait(gateway, access)
    return True


def vendor_instructions(access: StackAccess, sessions: str) -> VendorInstructions:
    """What the vendor needs, ready to send: nothing in it is secret. `sessions`: when open ones end. Pure."""
    grant = access.grant
    return VendorInstructions(
        region=access.stack.region,
        account=access.stack.account,
        secret_arn=access.secret_arn,
        key_arn=access.key_arn,
        instance_id=access.stack.outputs.get(Output.INSTANCE_ID, ""),
        until=grant.until_text,
        reason=grant.reason,
        principals=tuple(principal.arn for principal in grant.principals),
        identity_policy=_identity_policy(access),
        role_arn=access.role_arn if grant.allows_path("role") else "",
        external_id=access.external_id if grant.allows_path("role") else "",
        database=access.database,
        sessions=sessions,
    )


def _identity_policy(access: StackAccess) -> Mapping[str, object]:
    if access.secret_arn and access.grant.allows_path("secret"):
        return vendor_identity_policy(access.secret_arn, access.key_arn)
    return vendor_role_policy(access.role_arn)
