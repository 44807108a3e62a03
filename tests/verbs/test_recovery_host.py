"""recovery up and down: one order to AWS, then the group's states as they come."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from generator.errors import NotFound, Refused
from generator.gateway.aws import Gateway
from generator.model.recovery import RecoveryGroup
from generator.operations import recovery_choices, recovery_host
from tests.verbs.conftest import NotingCaller


def test_a_host_is_followed_until_it_is_ready_and_until_it_is_gone(
    gateway: Gateway, caller: NotingCaller, create: Callable[..., None]
) -> None:
    create(RecoveryBastion="Yes")
    caller.journal.clear()
    ready = recovery_host.up(gateway, caller)
    assert ready.ready and ready == recovery_host.status(gateway)
    assert caller.journal[0] == "SetDesiredCapacity" and set(caller.journal[1:]) == {"show RecoveryGroup"}
    states = [group.hosts for group in caller.shown if isinstance(group, RecoveryGroup)]
    assert all(one != next_one for one, next_one in itertools.pairwise(states)), "each state once"
    assert states[-1] == ready.hosts

    assert recovery_host.down(gateway, caller).hosts == ()
    assert recovery_host.status(gateway).hosts == ()


def test_a_permanent_host_is_not_terminated_and_a_stack_may_have_no_group(
    gateway: Gateway, caller: NotingCaller, create: Callable[..., None]
) -> None:
    create(DeployBastionHost="Yes")
    caller.journal.clear()
    with pytest.raises(Refused, match="keeps its host as a bastion"):
        recovery_host.down(gateway, caller)
    gateway.deployment = type(gateway.deployment)(stack_name="no-such-stack")
    with pytest.raises(NotFound):
        recovery_host.up(gateway, caller)
    assert caller.journal == []


def test_what_there_is_without_session_manager_is_said_with_its_end_and_nothing_is_made(
    gateway: Gateway, caller: NotingCaller, create: Callable[..., None]
) -> None:
    create()
    caller.journal.clear()
    stack = gateway.cloudformation.describe_stack(gateway.deployment.stack_name)
    explained = recovery_choices.explain(gateway)
    assert caller.journal == [], "nothing was changed"
    assert [choice.name for choice in explained.choices] == ["EC2 Instance Connect Endpoint", "EC2 serial console"]
    group, subnet = stack.outputs["InstanceSecurityGroupId"], stack.parameters["SubnetId"]
    endpoint, console = explained.choices
    assert f"--subnet-id {subnet} --security-group-ids {group}" in endpoint.make[0]
    opened, closed = endpoint.make[1], endpoint.remove[0]
    assert opened.replace("authorize-", "revoke-") == closed, "the same rule is made and removed"
    assert ("enable-serial" in console.make[0], "disable-serial" in console.remove[0]) == (True, True)
    for choice in explained.choices:
        assert choice.opens and choice.needs and choice.use and choice.remove
        assert explained.instance_id in " ".join(choice.use)
