"""The gateway's CloudFormation in front of moto: a second opinion on change sets, events and what is not found."""

from __future__ import annotations

import json
from typing import Any

import pytest

from generator.errors import DeployerError, StackNotFound
from generator.gateway.aws import Gateway
from generator.model.change_set import ChangeSetRequest


def template(queues: int = 1) -> str:
    resources = {f"Q{n}": {"Type": "AWS::SQS::Queue", "Properties": {}} for n in range(queues)}
    parameters = {"Label": {"Type": "String", "Default": "x"}}
    return json.dumps({"Parameters": parameters, "Resources": resources})


def request(name: str, creates: bool, body: str | None, **parameters: str | None) -> ChangeSetRequest:
    return ChangeSetRequest("s", name, creates, body, parameters)


@pytest.fixture
def stack_id(moto_gateway: Gateway) -> str:
    """A stack made as the product makes one: through a change set that was looked at."""
    cloudformation = moto_gateway.cloudformation
    change_set = cloudformation.create_change_set(request("first", True, template(), Label="one"))
    [change] = cloudformation.describe_change_set(change_set).changes
    assert (change.logical_id, change.action, change.resource_type) == ("Q0", "Add", "AWS::SQS::Queue")
    cloudformation.execute_change_set(change_set, "token-1")
    return cloudformation.describe_stack("s").stack_id


def test_a_stack_tells_its_parameters_and_template(stack_id: str, moto_gateway: Gateway) -> None:
    for name in ("s", stack_id):
        stack = moto_gateway.cloudformation.describe_stack(name)
        assert stack.parameters == {"Label": "one"}
        assert json.loads(moto_gateway.cloudformation.get_template(name)) == json.loads(template())
    [resource] = moto_gateway.cloudformation.list_stack_resources("s")
    assert resource.logical_id == "Q0" and resource.physical_id


def test_a_previous_template_and_value_are_kept(stack_id: str, moto_gateway: Gateway) -> None:
    cloudformation = moto_gateway.cloudformation
    change_set = cloudformation.create_change_set(request("second", False, template(2), Label=None))
    added = [change.logical_id for change in cloudformation.describe_change_set(change_set).changes]
    cloudformation.execute_change_set(change_set, "token-2")
    assert added == ["Q1"] and cloudformation.describe_stack("s").parameters == {"Label": "one"}


def test_a_change_set_thrown_away_is_not_found_and_changes_nothing(stack_id: str, moto_gateway: Gateway) -> None:
    cloudformation = moto_gateway.cloudformation
    change_set = cloudformation.create_change_set(request("third", False, template(2), Label=None))
    cloudformation.delete_change_set(change_set)
    with pytest.raises(DeployerError) as caught:
        cloudformation.describe_change_set(change_set)
    assert caught.value.exit_code == 4
    assert len(cloudformation.list_stack_resources("s")) == 1


@pytest.mark.parametrize(
    "ask",
    [
        lambda aws: aws.cloudformation.describe_stack("nothing"),
        lambda aws: aws.cloudformation.get_template("nothing"),
        lambda aws: aws.cloudformation.list_stack_resources("nothing"),
        lambda aws: aws.cloudformation.stack_events("nothing"),
    ],
)
def test_a_stack_that_never_was_is_not_found(ask: Any, moto_gateway: Gateway) -> None:
    with pytest.raises(StackNotFound):
        ask(moto_gateway)
    assert moto_gateway.cloudformation.find_stack("nothing") is None


def test_a_deleted_stack_is_found_by_its_id_alone(stack_id: str, moto_gateway: Gateway) -> None:
    moto_gateway.cloudformation.delete_stack(stack_id, "token-3")
    assert moto_gateway.cloudformation.find_stack("s") is None
    assert moto_gateway.cloudformation.describe_stack(stack_id).status == "DELETE_COMPLETE"


def test_events_are_told_in_time_order_from_where_one_left_off(stack_id: str, moto_gateway: Gateway) -> None:
    newest_first = list(moto_gateway.cloudformation.events_newest_first(stack_id))
    events = moto_gateway.cloudformation.stack_events(stack_id)
    assert [e.event_id for e in events] == [e.event_id for e in reversed(newest_first)] and len(events) > 1
    assert moto_gateway.cloudformation.stack_events(stack_id, after=events[-1].event_id) == []
    assert moto_gateway.cloudformation.stack_events(stack_id, after=events[0].event_id) == events[1:]
