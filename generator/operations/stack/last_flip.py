"""The verification of a flip that was carried out before: by a call that lost sight of it, or by the console.

A repeated `up --support-user=no` or `--support-role=no` finds nothing to change; what the last flip removed is read
from the stack's events.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from generator.errors import NotFound
from generator.gateway.aws import Gateway
from generator.model.contract import Parameter, Resource
from generator.model.stack import StackEvent
from generator.model.up import AccessLoss, Check, SupportIdentity, UpPlan, UpRequest
from generator.operations.stack import end_access, support_toggle

WATCHED: dict[str, frozenset[str]] = {
    Parameter.CREATE_SUPPORT_USER: frozenset({str(Resource.SUPPORT_USER), str(Resource.SUPPORT_SECRET)}),
    Parameter.CREATE_SUPPORT_ROLE: frozenset({str(Resource.SUPPORT_ROLE)}),
}
"""What each flip removes, by which its operation is known."""


@dataclass(frozen=True)
class LastFlip:
    """The operation that removed the support user or role: its events, the newest first."""

    events: tuple[StackEvent, ...]

    def removed(self, logical_id: str) -> str:
        """Physical id of what it removed under that logical id; empty when it did not."""
        ids = (e.physical_id for e in self.events if e.logical_id == logical_id and _removes(e))
        return next(filter(None, ids), "")

    @property
    def touched_instance(self) -> bool:
        """Whether CloudFormation did anything to the instance in it."""
        return any(event.logical_id == Resource.INSTANCE for event in self.events)


def verify(gateway: Gateway, plan: UpPlan, request: UpRequest) -> tuple[Check, ...]:
    """Ask the services about the last flip where this one has nothing to do; nothing for any other operation."""
    if plan.change_set is not None:
        return ()
    checks: list[Check] = []
    for watched in (WATCHED[key] for key in WATCHED if request.given.get(key) == "No"):
        flip = find(gateway.cloudformation.events_newest_first(plan.stack_id), watched)
        checks += _of(gateway, plan, flip) if flip else ()
    return tuple(dict.fromkeys(checks))


def _of(gateway: Gateway, plan: UpPlan, flip: LastFlip) -> Iterator[Check]:
    user, role = flip.removed(Resource.SUPPORT_USER), flip.removed(Resource.SUPPORT_ROLE)
    yield from support_toggle.verify(
        gateway, support_toggle.Before(user, role, flip.removed(Resource.SUPPORT_SECRET), None)
    )
    named = (SupportIdentity(kind, name, removed=True) for kind, name in (("user", user), ("role", role)) if name)
    yield from end_access.check(gateway, AccessLoss(tuple(named)))
    yield from _instance(gateway, plan, flip)


def find(newest_first: Iterable[StackEvent], watched: Collection[str]) -> LastFlip | None:
    """The last operation that removed one of these resources, read as far back as needed. Pure."""

    def removes(event: StackEvent) -> bool:
        return event.logical_id in watched and _removes(event)

    operation: list[StackEvent] = []
    for event in newest_first:
        if operation and event.token != operation[0].token:
            if any(map(removes, operation)):
                break
            operation = []
        operation.append(event)
    return LastFlip(tuple(operation)) if any(map(removes, operation)) else None


def _removes(event: StackEvent) -> bool:
    return event.status.startswith("DELETE_")


def _instance(gateway: Gateway, plan: UpPlan, flip: LastFlip) -> tuple[Check, ...]:
    """Whether the flip left the instance alone: no event of its own, and no start in that time."""
    resources = {r.logical_id: r.physical_id for r in gateway.cloudformation.list_stack_resources(plan.stack_id)}
    instance_id = resources.get(Resource.INSTANCE)
    if not instance_id:
        return ()
    try:
        launched = gateway.ec2.describe_instance(instance_id).launched
    except NotFound:
        return (Check(f"instance {instance_id}", False, "gone"),)
    restarted = launched is not None and flip.events[-1].time <= launched <= flip.events[0].time
    answer = "changed by the update" if flip.touched_instance else "started during the update" if restarted else ""
    return (Check(f"instance {instance_id}", not answer, answer or "not touched"),)
