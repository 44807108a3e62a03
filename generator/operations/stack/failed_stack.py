"""Stacks that must settle before `up` can plan: ours still running, dead ones, stuck rollbacks. Acts only when told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from generator.gateway.aws import Gateway
from generator.model.contract import GRANT_PARAMETERS, Parameter
from generator.model.stack import Stack, StackEvent
from generator.model.up import UpRequest
from generator.operations.clock import SYSTEM, Clock
from generator.operations.stack import watch
from generator.operations.stack.watch import new_token, running_operation

Say = Callable[[str], None]
RECREATABLE = ("ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED")


def prepare(
    gateway: Gateway,
    stack: Stack | None,
    *,
    recreate: bool,
    continue_rollback: bool,
    skip: Collection[str] = (),
    say: Say,
    clock: Clock = SYSTEM,
) -> Iterator[Iterator[StackEvent]]:
    """Yield the event streams to show before planning: the join of our own running operation, and what was told.

    Raises StackBusy when the running operation is somebody else's.
    """
    if stack is None:
        return
    if stack.status.in_progress:
        token = running_operation(gateway, stack)
        say(f"The stack {stack.name} is {stack.status}: an earlier run of this command started that; following it.")
        yield watch.follow(gateway, stack.stack_id, token)
    elif recreate and stack.status in RECREATABLE:
        say(f"Removing {stack.name}, whose creation failed, before creating it again.")
        token = new_token(clock.now())
        if stack.termination_protection:
            gateway.cloudformation.update_termination_protection(stack.stack_id, False)
        gateway.cloudformation.delete_stack(stack.stack_id, token)
        yield watch.follow(gateway, stack.stack_id, token)
    elif continue_rollback and stack.status == "UPDATE_ROLLBACK_FAILED":
        say(f"Resuming the rollback of {stack.name}.")
        if skip:
            say(f"  Left as they are, which may not be what the template says: {', '.join(sorted(skip))}.")
        token = new_token(clock.now())
        gateway.cloudformation.continue_update_rollback(stack.name, token, skip)
        yield watch.follow(gateway, stack.stack_id, token)
    elif continue_rollback and stack.status == "UPDATE_FAILED":
        say(f"Rolling back the update of {stack.name} that failed.")
        token = new_token(clock.now())
        gateway.cloudformation.rollback_stack(stack.name, token)
        yield watch.follow(gateway, stack.stack_id, token)


def with_its_values(request: UpRequest, removed: Stack, say: Say) -> UpRequest:
    """The request with the values of the stack that was removed, where it gives no others. Those of a grant are not
    carried: access ended with the stack. Hidden ones cannot be read, which is said."""
    absent = [key for key in removed.parameters if key not in request.given and key in set(Parameter)]
    hidden = [key for key in absent if removed.masks(key)]
    if hidden:
        say(f"Hidden values cannot be carried over and take their defaults unless given: {', '.join(hidden)}.")
    carried = {key: removed.parameters[key] for key in absent if key not in {*hidden, *GRANT_PARAMETERS}}
    return replace(request, given={**carried, **request.given})
