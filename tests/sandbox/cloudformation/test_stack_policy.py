"""Stack policies as AWS has them: refused when they are wrong, enforced at execution, silent about rollbacks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.cloudformation.conftest import Client, Stacks

EVERYTHING = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
TEMPLATE = json.dumps(
    {
        "Parameters": {
            "Text": {"Type": "String", "Default": "a"},
            "Name": {"Type": "String", "Default": "one"},
            "Want": {"Type": "String", "Default": "Yes"},
        },
        "Conditions": {"Wanted": {"Fn::Equals": [{"Ref": "Want"}, "Yes"]}},
        "Resources": {
            "Group": {
                "Type": "AWS::EC2::SecurityGroup",
                "Properties": {
                    "GroupDescription": {"Ref": "Name"},
                    "VpcId": "vpc-00000001",
                    "Tags": [{"Key": "text", "Value": {"Ref": "Text"}}],
                },
            },
            "Topic": {"Type": "AWS::SNS::Topic", "Condition": "Wanted"},
            "Other": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Text"}}},
        },
    }
)


def deny(*actions: str, resource: str = "LogicalResourceId/Group") -> dict[str, Any]:
    return {"Effect": "Deny", "Action": list(actions), "Principal": "*", "Resource": resource}


@pytest.fixture
def created(stacks: Stacks) -> Stacks:
    assert stacks.execute(stacks.change_set([], TEMPLATE, "CREATE")) == "CREATE_COMPLETE"
    return stacks


def set_policy(client: Client, stacks: Stacks, *statements: dict[str, Any]) -> None:
    body = json.dumps({"Statement": list(statements)})
    client("cloudformation").set_stack_policy(StackName=stacks.stack()["StackId"], StackPolicyBody=body)


def update(stacks: Stacks, **values: str) -> tuple[str, list[str]]:
    """The status after an update with these values, and the reasons of its failures."""
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
    status = stacks.execute(stacks.change_set(given, TEMPLATE))
    events = stacks.history()
    return status, [e["ResourceStatusReason"] for e in events if e["ResourceStatus"].endswith("_FAILED")]


@pytest.mark.parametrize(
    ("statements", "values", "denied"),
    [
        ([EVERYTHING], {"Name": "two", "Text": "b", "Want": "No"}, ""),
        ([EVERYTHING, deny("Update:Replace")], {"Text": "b"}, ""),
        ([EVERYTHING, deny("Update:Replace")], {"Name": "two"}, "Statement [#2] does not allow [Update:Replace]"),
        ([EVERYTHING, deny("Update:Modify")], {"Text": "b"}, "Statement [#2] does not allow [Update:Modify]"),
        ([EVERYTHING, deny("Update:*")], {"Text": "b"}, "Statement [#2] does not allow [Update:Modify]"),
        ([deny("Update:Delete")], {"Text": "b"}, "no statement allows [Update:Modify]"),
        (
            [EVERYTHING, deny("Update:Delete", resource="LogicalResourceId/Topic")],
            {"Want": "No"},
            "Statement [#2] does not allow [Update:Delete] for resource [LogicalResourceId/Topic]",
        ),
    ],
)
def test_an_update_goes_as_far_as_the_policy_allows(
    created: Stacks, client: Client, statements: list[dict[str, Any]], values: dict[str, str], denied: str
) -> None:
    before = created.resources()
    set_policy(client, created, *statements)
    status, reasons = update(created, **values)
    if denied:
        assert status == "UPDATE_ROLLBACK_COMPLETE" and any(denied in reason for reason in reasons), reasons
        assert created.resources() == before
    else:
        assert (status, reasons) == ("UPDATE_COMPLETE", [])


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{}", "Invalid stack policy"),
        (json.dumps({"Statement": [{**EVERYTHING, "Principal": "me"}]}), "Invalid stack policy"),
        (json.dumps({"Statement": [{**EVERYTHING, "Action": "Update:All"}]}), "Invalid action Update:All"),
        (json.dumps({"Statement": [deny("Update:*", resource="LogicalResourceId/Gone")]}), "Unknown logical id 'Gone'"),
    ],
)
def test_a_policy_that_aws_would_not_take_is_refused(created: Stacks, client: Client, body: str, why: str) -> None:
    with pytest.raises(ClientError, match=why):
        client("cloudformation").set_stack_policy(StackName=created.stack()["StackId"], StackPolicyBody=body)


def test_deleting_the_stack_is_not_asked_about(created: Stacks, client: Client) -> None:
    set_policy(client, created, deny("Update:*", resource="*"))
    stack_id = created.stack()["StackId"]
    client("cloudformation").delete_stack(StackName=stack_id)
    client("cloudformation").get_waiter("stack_delete_complete").wait(
        StackName=stack_id, WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )
