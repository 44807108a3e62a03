"""The recovery host: started when the instance accepts no session, and terminated again."""

from __future__ import annotations

from dataclasses import replace

from generator.errors import DeployerError, NotFound, Refused
from generator.gateway.aws import Gateway
from generator.model.caller import Caller
from generator.model.contract import Parameter, Resource
from generator.model.recovery import RecoveryGroup, RecoveryHost
from generator.operations import polling

LIMIT = 600.0
"""Seconds. A small instance registers with Systems Manager within two or three minutes, and terminates as fast."""


def up(gateway: Gateway, caller: Caller) -> RecoveryGroup:
    """Start the host; show the group at each change, and return it when its host accepts sessions.

    Raises NotFound, AwsError, and DeployerError when the host does not come or could not be followed.
    """
    return _resize(gateway, 1, caller)


def down(gateway: Gateway, caller: Caller) -> RecoveryGroup:
    """Terminate the host; show the group at each change, and return it when it is empty.

    Raises Refused for a permanent host, NotFound, AwsError, and DeployerError as `up`.
    """
    _refuse_permanent(gateway)
    return _resize(gateway, 0, caller)


def status(gateway: Gateway, name: str = "") -> RecoveryGroup:
    """The group and its hosts as they are now, by default the stack's. Raises NotFound."""
    group = gateway.autoscaling.describe_group(name or _group_name(gateway))
    if not group.hosts:
        return group
    nodes = gateway.ssm.describe_nodes(tuple(host.instance_id for host in group.hosts))
    pings = {node.instance_id: node.ping for node in nodes}
    return replace(group, hosts=tuple(replace(host, ping=pings.get(host.instance_id, "")) for host in group.hosts))


def _group_name(gateway: Gateway) -> str:
    """The Auto Scaling group's name. Raises StackNotFound, and NotFound if the stack has no group."""
    stack = gateway.deployment.stack_name
    for resource in gateway.cloudformation.list_stack_resources(stack):
        if resource.logical_id == Resource.BASTION_GROUP and resource.physical_id and not resource.status.deleted:
            return resource.physical_id
    raise NotFound(
        f"The stack {stack} has no recovery group.",
        f"Create it: {gateway.commands.deployer('up', '--recovery-bastion=yes')}",
        code="no-recovery-group",
    )


def _refuse_permanent(gateway: Gateway) -> None:
    """Raises Refused if the host is permanent (DeployBastionHost): the group may not be empty then."""
    stack = gateway.cloudformation.describe_stack(gateway.deployment.stack_name)
    if stack.parameters.get(Parameter.DEPLOY_BASTION_HOST) == "Yes":
        commands = gateway.commands
        raise Refused(
            f"The stack {stack.name} keeps its host as a bastion (DeployBastionHost is Yes), so it was not terminated.",
            f"{commands.deployer('up', '--bastion-host=no', '--recovery-bastion=yes')}, then "
            f"{commands.deployer('recovery', 'down')}",
            code="bastion-kept",
        )


def _resize(gateway: Gateway, size: int, caller: Caller) -> RecoveryGroup:
    name = _group_name(gateway)
    gateway.autoscaling.set_desired_capacity(name, size)
    hosts: tuple[RecoveryHost, ...] = ()
    try:
        for group in polling.looks(gateway, lambda: status(gateway, name), LIMIT, first=polling.STEADY):
            if group.hosts != hosts:
                caller.show(group)
                hosts = group.hosts
            if group.ready if size else not group.hosts:
                return group
    except DeployerError as error:
        raise DeployerError(
            f"The recovery group {name} still goes to size {size} in AWS, but could not be watched: {error.message}",
            polling.then(error, f"follow it with: {gateway.commands.deployer('recovery', 'status')}"),
            code="not-followed",
        ) from error
    why = gateway.commands.aws("autoscaling", "describe-scaling-activities", "--auto-scaling-group-name", name)
    raise DeployerError(
        f"The recovery group {name} has not reached size {size} within {LIMIT / 60:.0f} minutes.",
        f"Why: {why}",
        code="recovery-timeout",
    )
