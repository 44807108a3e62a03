"""Taking the stack down: what is lost, what is kept, and the proof of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from generator.errors import DeployerError, NotFound
from generator.gateway.aws import Gateway
from generator.model.contract import Resource
from generator.model.instance import Instance
from generator.model.stack import Stack, StackEvent, StackResource
from generator.operations import polling
from generator.operations.polling import Clock
from generator.operations.stack.apply import OperationFailed
from generator.operations.stack.states import busy
from generator.operations.stack.watch import failure, follow, new_token, running_operation

# Kept by the template's DeletionPolicy: evidence, and the key without which it cannot be read.
KEPT = (Resource.STACK_KEY, Resource.SESSION_LOG_GROUP)


@dataclass(frozen=True)
class KeptThing:
    """Something that outlives the stack, why, and the command that removes it for good."""

    name: str
    why: str
    removal: str


@dataclass(frozen=True)
class DownPlan:
    """What a deletion would do. Nothing has been changed yet, unless it `joins` a deletion that runs."""

    stack_name: str
    stack_id: str
    token: str
    protected: bool
    lost: tuple[StackResource, ...]
    kept: tuple[KeptThing, ...]
    warnings: tuple[str, ...] = ()
    retain: frozenset[str] = frozenset()
    joins: bool = False


@dataclass(frozen=True)
class DownResult:
    """What a deletion did."""

    stack_name: str
    removed: int
    kept: tuple[KeptThing, ...]


def plan_down(gateway: Gateway, retain: frozenset[str] = frozenset()) -> DownPlan:
    """Read what would go and what would stay. Raises StackNotFound, StackBusy, and UsageError for a wrong --retain.

    A deletion that an earlier call of this command began is joined.
    """
    stack = gateway.cloudformation.describe_stack(gateway.deployment.stack_name)
    joins = stack.status == "DELETE_IN_PROGRESS"
    if stack.status.in_progress and not joins:
        raise busy(stack)
    if retain and stack.status != "DELETE_FAILED":
        raise DeployerError(
            f"--retain is for a stack whose deletion failed, and {stack.name} is {stack.status}.",
            "Run deployer down without it first.",
            code="retain-too-early",
            exit_code=2,
        )
    resources = gateway.cloudformation.list_stack_resources(stack.stack_id)
    live = [r for r in resources if not r.status.deleted and r.physical_id]
    instance = _instance(gateway, live)
    gone = tuple(r for r in live if r.logical_id not in KEPT and r.logical_id not in retain)
    return DownPlan(
        stack_name=stack.name,
        stack_id=stack.stack_id,
        token=running_operation(gateway, stack) if joins else new_token(),
        protected=stack.termination_protection,
        lost=gone,
        kept=_kept(stack, live, instance),
        warnings=_warnings(live, instance),
        retain=retain,
        joins=joins,
    )


def apply(gateway: Gateway, plan: DownPlan, clock: Clock | None = None) -> Iterator[StackEvent]:
    """Lift termination protection, delete, and yield the events to the end.

    Raises OperationFailed with the cause, and NotFollowed when the deletion goes on unwatched.
    """
    if not plan.joins:
        _delete(gateway, plan)
    seen: list[StackEvent] = []
    for event in follow(gateway, plan.stack_id, plan.token, clock):
        seen.append(event)
        yield event
    if found := failure(seen):
        raise OperationFailed(plan.stack_name, found)


def _delete(gateway: Gateway, plan: DownPlan) -> None:
    """Give the order; AWS takes it once, however often it is given with the same token."""
    if plan.protected:
        gateway.cloudformation.update_termination_protection(plan.stack_id, False)
    polling.patiently(gateway, lambda: gateway.cloudformation.delete_stack(plan.stack_id, plan.token, plan.retain))


def result(gateway: Gateway, plan: DownPlan) -> DownResult:
    """What is left, as planned; the deletion has ended well."""
    return DownResult(plan.stack_name, len(plan.lost), plan.kept)


def _kept(stack: Stack, live: list[StackResource], instance: Instance | None) -> tuple[KeptThing, ...]:
    ids = {r.logical_id: r.physical_id for r in live}
    kept = [_volume(volume, stack.region) for volume in (instance.kept_volumes if instance else ())]
    if group := ids.get(Resource.SESSION_LOG_GROUP):
        removal = f"aws logs delete-log-group --region {stack.region} --log-group-name {group}"
        kept.append(KeptThing(f"log group {group}", "the transcripts of support sessions are evidence", removal))
    if key := ids.get(Resource.STACK_KEY):
        removal = f"aws kms schedule-key-deletion --region {stack.region} --key-id {key} --pending-window-in-days 7"
        kept.append(KeptThing(f"KMS key {key}", "without it the transcripts cannot be read", removal))
    return tuple(kept)


def _warnings(live: list[StackResource], instance: Instance | None) -> tuple[str, ...]:
    """What cannot be had back afterwards, and how to save it before."""
    dying = set(instance.volumes) - set(instance.kept_volumes) if instance else set()
    found = [
        f"volume {volume} holds DeepSQL's data and goes with the instance; to keep it: "
        f"aws ec2 create-snapshot --volume-id {volume}"
        for volume in sorted(dying)
    ]
    if any(r.logical_id == Resource.ADMIN_SECRET for r in live):
        found.append(
            "the administrator's password goes with its secret; whoever starts DeepSQL from the kept volume needs it"
        )
    return tuple(found)


def _instance(gateway: Gateway, live: list[StackResource]) -> Instance | None:
    instance_id = next((r.physical_id for r in live if r.logical_id == Resource.INSTANCE), None)
    try:
        return gateway.ec2.describe_instance(instance_id) if instance_id else None
    except NotFound:
        return None


def _volume(volume_id: str, region: str) -> KeptThing:
    removal = f"aws ec2 delete-volume --region {region} --volume-id {volume_id}"
    return KeptThing(f"volume {volume_id}", "it holds DeepSQL's data", removal)
