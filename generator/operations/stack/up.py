"""up and upgrade: plan, show, ask, execute, follow, verify, in this order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from generator.errors import DeployerError, UsageError
from generator.gateway.aws import Gateway
from generator.model.caller import Caller
from generator.model.contract import Parameter
from generator.model.stack import Stack
from generator.model.up import AccessLoss, UpCaller, UpPlan, UpRequest, UpResult
from generator.operations import connectivity
from generator.operations.clock import SYSTEM, Clock
from generator.operations.stack import (
    apply,
    change_set,
    document_versions,
    end_access,
    failed_stack,
    guard,
    last_flip,
    named_resources,
    needed_resources,
    own_log_group,
    remaining_access,
    rotation_schedule,
    stack_policy,
    states,
    support_toggle,
)
from generator.operations.stack.missing_values import complete
from generator.operations.stack.plan import plan_from
from generator.operations.stack.template_source import untouchable
from generator.operations.stack.watch import NotFollowed


def up(gateway: Gateway, request: UpRequest, caller: UpCaller, clock: Clock = SYSTEM) -> UpPlan | UpResult:
    """Create the stack, or change its values on its own template; return it as it is afterwards.

    With `plan_only`, return the plan and leave nothing behind. What the stack needs and the request does not give is
    asked for. Raises UsageError, Declined, Refused for what goes beyond the request, StackBusy, OperationFailed with
    the cause, and NotFollowed when the update goes on unwatched.
    """
    request = _with_template(gateway, request, clock)
    with support_toggle.stop_hint(gateway, request.given):
        before = gateway.cloudformation.find_stack(gateway.deployment.stack_name)
        named_resources.require_known(gateway, before, request.allow_replacement, "--allow-replacement")
        named_resources.require_known(gateway, before, request.skip, "--skip")
        stack = _ready(gateway, request, before, caller, clock)
        if stack is None and before is not None:
            request = failed_stack.with_its_values(request, before, caller.say)
        _refuse_other_template(gateway, request, stack)
        own_log_group.require(gateway, request.given.get(Parameter.LOG_GROUP, ""))
        request = support_toggle.scoped(complete(gateway, request, stack, caller))  # a creation is no flip
        plan = plan_from(gateway, request, stack, clock, _upload(gateway, request))
        if request.check_subnet:
            with change_set.discarded_on_error(gateway, plan):
                plan = replace(plan, subnet=connectivity.before_creation(gateway, plan, request.given))
        return _planned_or_done(gateway, plan, request, caller, clock)


def upgrade(gateway: Gateway, request: UpRequest, caller: Caller, clock: Clock = SYSTEM) -> UpPlan | UpResult:
    """Bring the stack to this version's template, or adopt a published one; return it as it is afterwards.

    With `plan_only`, return the plan and leave nothing behind. Raises StackNotFound, and the rest as `up`.
    """
    request = _with_template(gateway, replace(request, upgrade=True), clock)
    stack = gateway.cloudformation.describe_stack(gateway.deployment.stack_name)
    states.require_created(stack, gateway.commands)
    named_resources.require_known(gateway, stack, request.allow_replacement, "--allow-replacement")
    return _planned_or_done(
        gateway, plan_from(gateway, request, stack, clock, _upload(gateway, request)), request, caller, clock
    )


def carry_out(gateway: Gateway, plan: UpPlan, request: UpRequest, caller: Caller, clock: Clock = SYSTEM) -> UpResult:
    """Show a plan, ask, execute it, follow it, and ask the services what came of it.

    Raises Refused for a plan with objections, Declined, UsageError where nobody can be asked, OperationFailed with the
    cause, and NotFollowed when the update goes on unwatched. A plan that is not executed is thrown away.
    """
    with change_set.discarded_on_error(gateway, plan):
        caller.show(plan)
        if plan.change_set is not None:
            guard.require_no_objection(plan, gateway.commands)
            caller.confirm(plan)
        before = support_toggle.before(gateway, plan)
        versions = document_versions.before(gateway, plan)
        level = support_toggle.newly_granted_level(gateway, plan, request)
    with ExitStack() as during:
        with change_set.discarded_on_error(gateway, plan):
            ending = during.enter_context(_ended_access(gateway, plan, caller))
            during.enter_context(stack_policy.lifted(gateway, plan.stack_id, plan.lifts, caller.say))
        apply.start(gateway, plan)
        if plan.change_set is not None:
            with rotation_schedule.named_when_lost(gateway, plan.rotation):
                caller.events(apply.watch(gateway, plan))

    def verified() -> UpResult:
        checks = (*support_toggle.verify(gateway, before), *last_flip.verify(gateway, plan, request))
        checks += end_access.check(gateway, ending) if ending else ()
        checks += document_versions.set_latest(gateway, versions)
        return apply.result(gateway, plan, (*checks, *rotation_schedule.restore(gateway, plan.rotation)))

    remaining = plan.remaining
    if plan.change_set is not None:
        remaining = remaining_access.find(gateway, plan, request, clock.now())
    result = replace(apply.read_back(gateway, plan, verified), database_level=level, remaining=remaining)
    if plan.change_set is None and plan.stack is not None and request.allow_replacement:
        stack_policy.repair(gateway, plan.stack_id, untouchable(gateway, plan.stack))
    return result


def _upload(gateway: Gateway, request: UpRequest) -> Callable[[str], str] | None:
    """What puts a template into the bucket that was given, under a name of what it says (as the AWS CLI does)."""
    bucket, prefix = request.settings.bucket, request.settings.prefix

    def upload(body: str) -> str:
        name = f"{hashlib.sha256(body.encode()).hexdigest()[:32]}.template"
        return gateway.s3.put_template(bucket, f"{prefix}/{name}" if prefix else name, body)

    return upload if bucket else None


def _with_template(gateway: Gateway, request: UpRequest, clock: Clock) -> UpRequest:
    """The request with the published template that it names, read once and verified. Raises NotVerified."""
    if not request.template_url:
        return request
    from generator.operations.publishing.template import published_template

    return replace(
        request, template=published_template(request.template_url, request.keys, clock, gateway.given_ca_bundle)
    )


def _refuse_other_template(gateway: Gateway, request: UpRequest, stack: Stack | None) -> None:
    """Raise UsageError for a published template on a stack that exists: `up` never upgrades in passing."""
    if request.template is not None and stack is not None and not stack.status.only_planned:
        raise UsageError(
            f"The stack {stack.name} exists, and up changes values on the stack's own template.",
            f"To change its template: {gateway.commands.deployer('upgrade', '--template-url', request.template_url)}",
            code="template-of-a-stack",
        )


def _ready(gateway: Gateway, request: UpRequest, stack: Stack | None, caller: Caller, clock: Clock) -> Stack | None:
    """The stack, once what must end before planning has ended; None where there is none."""
    if stack is not None and stack.status.can_update:
        _say_what_is_not_needed(stack, request, caller)
    waiting = failed_stack.prepare(
        gateway,
        stack,
        recreate=request.recreate,
        continue_rollback=request.continue_rollback,
        skip=request.skip,
        say=caller.say,
        clock=clock,
    )
    for events in waiting:
        caller.events(events)
        stack = gateway.cloudformation.find_stack(gateway.deployment.stack_name)
    return stack


def _say_what_is_not_needed(stack: Stack, request: UpRequest, caller: Caller) -> None:
    """A script may always give these options, so a stack in good state is no error; but it is said."""
    for option, given in (("--recreate", request.recreate), ("--continue-rollback", request.continue_rollback)):
        if given:
            caller.say(f"{option} is not needed: the stack {stack.name} is {stack.status}, which can be updated.")


def _planned_or_done(
    gateway: Gateway, plan: UpPlan, request: UpRequest, caller: Caller, clock: Clock
) -> UpPlan | UpResult:
    with change_set.discarded_on_error(gateway, plan):
        plan = needed_resources.require(gateway, plan, request)
        rotation = rotation_schedule.find(gateway, plan)
        plan = replace(plan, rotation=rotation, remaining=remaining_access.find(gateway, plan, request, clock.now()))
    if request.plan_only:
        change_set.discard(gateway, plan)
        return plan
    return carry_out(gateway, plan, request, caller, clock)


@contextmanager
def _ended_access(gateway: Gateway, plan: UpPlan, caller: Caller) -> Iterator[AccessLoss | None]:
    """End what the plan's leaving user and role have open; should the update fail, say how to permit it again."""
    if plan.access_loss is None or plan.stack_before is None:
        yield None
        return
    ended = end_access.end(gateway, plan.stack_before, plan.access_loss)
    for problem in ended.problems:
        caller.say(f"  NOT done before the update: {problem}.")
    try:
        yield ended
    except NotFollowed:  # that one goes on
        raise
    except DeployerError as error:
        raise error.explained(also=end_access.hint_on_failure(gateway, ended)) from error
