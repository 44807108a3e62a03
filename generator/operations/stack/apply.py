"""apply: execute a plan, follow it, and read back what came of it."""

from __future__ import annotations

import time
from collections.abc import Iterator

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.model.plan import Check, Failure, UpPlan, UpResult
from generator.model.stack import StackEvent
from generator.operations.stack import guard
from generator.operations.stack.watch import Sleep, failure, follow


class OperationFailed(DeployerError):
    """CloudFormation did not do what was asked; `failure` says why."""

    code = "operation-failed"

    def __init__(self, stack_name: str, failure: Failure) -> None:
        cause = failure.cause
        why = f"{cause.logical_id} ({cause.resource_type}): {cause.reason}" if cause else "no resource says why"
        super().__init__(f"The stack {stack_name} ended in {failure.status} because of {why}", failure.hint)
        self.failure = failure


def start(gateway: Gateway, plan: UpPlan) -> None:
    """Execute the plan's change set. Raises Refused when the plan goes beyond what was asked."""
    guard.require_no_objection(plan)
    if plan.change_set is None:
        return
    if plan.protect:
        gateway.cloudformation.update_termination_protection(plan.stack_id, True)
    gateway.cloudformation.execute_change_set(plan.change_set.change_set_id, plan.token)


def watch(gateway: Gateway, plan: UpPlan, sleep: Sleep = time.sleep) -> Iterator[StackEvent]:
    """Yield the plan's events until its end. Raises OperationFailed with the cause."""
    seen: list[StackEvent] = []
    for event in follow(gateway, plan.stack_id, plan.token, sleep):
        seen.append(event)
        yield event
    if found := failure(seen):
        raise OperationFailed(plan.stack_name, found)


def result(gateway: Gateway, plan: UpPlan, checks: tuple[Check, ...] = ()) -> UpResult:
    """The stack as it is now: read again (one call) where something was changed."""
    stack = plan.stack or gateway.cloudformation.describe_stack(plan.stack_id)
    return UpResult(stack.name, stack.stack_id, stack.status, plan.change_set is not None, stack.outputs, checks)
