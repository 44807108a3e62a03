"""down: delete the stack, and say what is lost and what outlives it."""

from __future__ import annotations

from generator.errors import NotFound, UsageError
from generator.gateway.aws import Gateway
from generator.model.caller import Caller
from generator.model.command_line import CommandLine
from generator.model.contract import Resource
from generator.model.down import DownPlan, DownResult, RetainedResource
from generator.model.instance import Instance
from generator.model.stack import Stack, StackResource
from generator.operations import polling
from generator.operations.clock import SYSTEM, Clock
from generator.operations.stack import down_access, failed_deletion
from generator.operations.stack.apply import OperationFailed, watch
from generator.operations.stack.states import busy
from generator.operations.stack.watch import new_token, running_operation

# Retained by the template's DeletionPolicy: evidence, and the key without which it cannot be read.
RETAINED = (Resource.STACK_KEY, Resource.SESSION_LOG_GROUP, Resource.KEEPER_LOG_GROUP)
EVIDENCE = {
    Resource.SESSION_LOG_GROUP: "the transcripts of support sessions are evidence",
    Resource.KEEPER_LOG_GROUP: "it records revocations",
}


def down(gateway: Gateway, retain: frozenset[str], caller: Caller, role_arn: str = "") -> DownResult:
    """Delete the stack, leaving the resources `retain` behind; return what was removed and what outlives it.

    A deletion that runs already is joined without a question. Raises StackNotFound, StackBusy, Declined, UsageError
    where nobody can be asked, OperationFailed with the cause, and NotFollowed when the deletion goes on unwatched.
    """
    plan = plan_down(gateway, retain)
    caller.show(plan)
    if not plan.joins:
        caller.confirm(plan)
        _delete(gateway, plan, role_arn)
    try:
        caller.events(watch(gateway, plan))
    except OperationFailed as error:
        raise error.explained(hint=failed_deletion.finishing_commands(gateway, plan)) from error
    return DownResult(plan.stack_name, len(plan.lost), plan.retained, down_access.check(gateway, plan.access))


def plan_down(gateway: Gateway, retain: frozenset[str] = frozenset(), clock: Clock = SYSTEM) -> DownPlan:
    """Read what would be deleted and what would be retained. A deletion that runs already is joined.

    Raises StackNotFound, StackBusy, and UsageError for a --retain before a deletion has failed.
    """
    stack = gateway.cloudformation.describe_stack(gateway.deployment.stack_name)
    joins = stack.status == "DELETE_IN_PROGRESS"
    if stack.status.in_progress and not joins:
        raise busy(stack, gateway.commands)
    if retain and stack.status != "DELETE_FAILED":
        raise UsageError(
            f"--retain is for a stack whose deletion failed, and {stack.name} is {stack.status}.",
            f"Run this first: {gateway.commands.deployer('down')}",
            code="retain-too-early",
        )
    resources = gateway.cloudformation.list_stack_resources(stack.stack_id)
    live = [r for r in resources if not r.status.deleted and r.physical_id]
    _require_present(stack, live, retain, gateway.commands)
    instance = _instance(gateway, live)
    lost = tuple(r for r in live if r.logical_id not in RETAINED and r.logical_id not in retain)
    return DownPlan(
        stack_name=stack.name,
        stack_id=stack.stack_id,
        token=running_operation(gateway, stack) if joins else new_token(clock.now()),
        protected=stack.termination_protection,
        lost=lost,
        retained=_retained(gateway.commands, live, instance),
        warnings=_warnings(gateway.commands, live, instance),
        retain=retain,
        joins=joins,
        access=down_access.find(gateway, stack, live, retain, clock.now()),
    )


def _require_present(stack: Stack, live: list[StackResource], retain: frozenset[str], commands: CommandLine) -> None:
    """Raise UsageError for a resource to retain that the stack does not have any more, naming those that failed."""
    absent = sorted(retain - {resource.logical_id for resource in live})
    if not absent:
        return
    failed = [resource.logical_id for resource in live if resource.status == "DELETE_FAILED"]
    words = [word for name in failed for word in ("--retain", name)]
    raise UsageError(
        f"The stack {stack.name} has no resource {' or '.join(absent)} that is still there.",
        f"To retain what could not be deleted: {commands.deployer('down', *words)}",
        code="retain-absent",
    )


def _delete(gateway: Gateway, plan: DownPlan, role_arn: str) -> None:
    """Lift termination protection and delete; AWS takes a deletion once per token, however often it is asked."""
    if plan.protected:
        gateway.cloudformation.update_termination_protection(plan.stack_id, False)
    polling.patiently(
        gateway, lambda: gateway.cloudformation.delete_stack(plan.stack_id, plan.token, plan.retain, role_arn)
    )


def _retained(
    commands: CommandLine, live: list[StackResource], instance: Instance | None
) -> tuple[RetainedResource, ...]:
    ids = {r.logical_id: r.physical_id for r in live}
    retained = [_volume(volume, commands) for volume in (instance.retained_volumes if instance else ())]
    for name, why in EVIDENCE.items():
        if group := ids.get(name):
            removal = commands.aws("logs", "delete-log-group", "--log-group-name", group)
            retained.append(RetainedResource(f"log group {group}", why, removal))
    if key := ids.get(Resource.STACK_KEY):
        removal = commands.aws("kms", "schedule-key-deletion", "--key-id", key, "--pending-window-in-days", "7")
        retained.append(RetainedResource(f"KMS key {key}", "without it the transcripts cannot be read", removal))
    return tuple(retained)


def _warnings(commands: CommandLine, live: list[StackResource], instance: Instance | None) -> tuple[str, ...]:
    """What cannot be restored afterwards, and how to save it before."""
    dying = set(instance.volumes) - set(instance.retained_volumes) if instance else set()
    warnings = [
        f"volume {volume} has DeepSQL's data and is deleted with the instance; to keep a copy: "
        f"{commands.aws('ec2', 'create-snapshot', '--volume-id', volume)}"
        for volume in sorted(dying)
    ]
    if any(r.logical_id == Resource.ADMIN_SECRET for r in live):
        warnings.append(
            "the administrator's password is deleted with its secret; save it to use DeepSQL from the retained volume"
        )
    return tuple(warnings)


def _instance(gateway: Gateway, live: list[StackResource]) -> Instance | None:
    instance_id = next((r.physical_id for r in live if r.logical_id == Resource.INSTANCE), None)
    try:
        return gateway.ec2.describe_instance(instance_id) if instance_id else None
    except NotFound:
        return None


def _volume(volume_id: str, commands: CommandLine) -> RetainedResource:
    removal = commands.aws("ec2", "delete-volume", "--volume-id", volume_id)
    return RetainedResource(f"volume {volume_id}", "it has DeepSQL's data", removal)
