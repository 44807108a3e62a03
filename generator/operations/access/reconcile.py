"""Making a direct act last: the stack's parameters say so too, and no later `up` quietly undoes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from generator.gateway.aws import Gateway
from generator.model.grant import Grant
from generator.model.stack import StackEvent
from generator.operations.access.grant_plan import plan_change
from generator.operations.access.stack_access import StackAccess
from generator.operations.stack import apply

ShowEvents = Callable[[Iterator[StackEvent]], None]


def reconcile_stack(gateway: Gateway, access: StackAccess, after: Grant, show_events: ShowEvents) -> str:
    """Bring the stack to `after` without asking; its status, or that there was nothing to change.

    Raises StackBusy, Refused and the planner's errors; a plan that may not be executed is thrown away.
    """
    planned = plan_change(gateway, access, after)
    apply.start(gateway, planned)
    if planned.change_set is None:
        return "nothing to change"
    show_events(apply.watch(gateway, planned))
    return str(apply.result(gateway, planned).status)
