"""apply: execute a plan, follow it, and read back what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeVar

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.model.down import DownPlan
from generator.model.stack import StackEvent
from generator.model.up import Check, Failure, UpPlan, UpResult
from generator.operations import polling
from generator.operations.clock import SYSTEM, Clock
from generator.operations.stack import guard, stack_policy
from generator.operations.stack.change_set import discard, discarded_on_error
from generator.operations.stack.watch import NotFollowed, failure, follow, not_followed

T = TypeVar("T")


class OperationFailed(DeployerError):
    """CloudFormation did not do what was asked; `failure` says why."""

    code = "operation-failed"

    def __init__(self, stack_name: str, failure: Failure) -> None:
        cause = failure.cause
        why = f"{cause.logical_id} ({cause.resource_type}): {cause.reason}" if cause else "no resource gives a reason"
        super().__init__(f"The stack {stack_name} ended in {failure.status}: {why}", failure.hint)
        self.failure = failure


def start(gateway: Gateway, plan: UpPlan) -> None:
    """Execute the plan's change set; a plan that is refused, by us or by AWS, is thrown away.

    Raises Refused when the plan goes beyond what was asked, and NotFollowed when AWS gave no answer to the order.
    """
    with discarded_on_error(gateway, plan):
        guard.require_no_objection(plan, gateway.commands)
        if plan.change_set is not None and plan.protect:
            _protect(gateway, plan)
        if plan.replaces:
            gateway.ec2.keep_volumes(plan.replaces)
    if plan.change_set is None:
        if plan.policy:
            stack_policy.ensure(gateway, plan.stack_id, plan.policy)
        return
    _execute(gateway, plan, plan.change_set.change_set_id)


def _execute(gateway: Gateway, plan: UpPlan, change_set_id: str) -> None:
    """Give the order, again while AWS does not answer. The token on the stack's events tells whether it has begun."""
    attempts = 0

    def order() -> None:
        nonlocal attempts
        attempts += 1
        gateway.cloudformation.execute_change_set(change_set_id, plan.token, disable_rollback=plan.disable_rollback)

    try:
        polling.patiently(gateway, order)
    except KeyboardInterrupt:
        _take_back(gateway, plan)
        raise
    except DeployerError as error:
        if _has_begun(gateway, plan):
            return
        if error.transient or attempts > 1:
            raise not_followed(gateway, plan.stack_id, error) from error
        with discarded_on_error(gateway, plan):
            _unprotect(gateway, plan)
            raise


def _protect(gateway: Gateway, plan: UpPlan) -> None:
    try:
        gateway.cloudformation.update_termination_protection(plan.stack_id, True)
    except (DeployerError, KeyboardInterrupt):  # AWS may have done it
        with suppress(DeployerError):
            _unprotect(gateway, plan)
        raise


def _unprotect(gateway: Gateway, plan: UpPlan) -> None:
    """Turn the protection off that `start` turned on, or the stack that planning has made could not be deleted."""
    if plan.protect:
        gateway.cloudformation.update_termination_protection(plan.stack_id, False)


def _take_back(gateway: Gateway, plan: UpPlan) -> None:
    """After Ctrl-C during the order: throw the plan away, unless AWS has begun with it or cannot be asked."""
    with suppress(DeployerError):
        if not gateway.cloudformation.describe_stack(plan.stack_id).status.in_progress and not _has_begun(
            gateway, plan
        ):
            _unprotect(gateway, plan)
            discard(gateway, plan)


def _has_begun(gateway: Gateway, plan: UpPlan) -> bool:
    with suppress(DeployerError):
        return bool(gateway.cloudformation.stack_events(plan.stack_id, token=plan.token, limit=1))
    return False


def watch(gateway: Gateway, plan: UpPlan | DownPlan, clock: Clock = SYSTEM) -> Iterator[StackEvent]:
    """Yield the plan's events until its end. Raises OperationFailed with the cause, and NotFollowed."""
    seen: list[StackEvent] = []
    try:
        for event in follow(gateway, plan.stack_id, plan.token, clock):
            seen.append(event)
            yield event
    except NotFollowed as error:
        if isinstance(plan, UpPlan) and plan.policy:
            again = gateway.commands.deployer("upgrade")
            raise error.explained(also=f"Once it has ended, set the stack policy: {again}") from error
        raise
    if why := failure(seen, gateway.commands):
        raise OperationFailed(plan.stack_name, why)
    if isinstance(plan, UpPlan) and plan.policy:
        _set_policy(gateway, plan)


def _set_policy(gateway: Gateway, plan: UpPlan) -> None:
    """A change set takes no stack policy, so it is set when the change set is done."""
    if plan.creates:
        gateway.cloudformation.set_stack_policy(plan.stack_id, plan.policy)
    else:
        stack_policy.ensure(gateway, plan.stack_id, plan.policy)


def result(gateway: Gateway, plan: UpPlan, checks: tuple[Check, ...] = ()) -> UpResult:
    """The stack as it is now: read again (one call) where something was changed."""
    stack = plan.stack or gateway.cloudformation.describe_stack(plan.stack_id)
    changed = plan.change_set is not None
    return UpResult(stack.name, stack.stack_id, stack.status, changed, stack.outputs, checks, plan.notes)


def read_back(gateway: Gateway, plan: UpPlan, read: Callable[[], T]) -> T:
    """What `read` gives after the operation, through faults that pass. Raises DeployerError if AWS cannot be asked."""
    try:
        return polling.patiently(gateway, read)
    except DeployerError as error:
        raise DeployerError(
            f"The result of the operation on the stack {plan.stack_name} could not be verified: {error.message}",
            polling.then(error, "run the same command again, which verifies the result"),
            code="not-verified",
        ) from error
