"""CloudFormation's verbs, against botocore's own models."""

from datetime import UTC, datetime
from typing import Any

import pytest

from generator.errors import AwsError, StackBusy, StackNotFound, UsageError
from generator.gateway.cloudformation import CloudFormation
from generator.model.change_set import ChangeSetRequest, Replacement

ID = "arn:aws:cloudformation:us-east-1:111122223333:stack/s/1"
NOW = datetime(2026, 12, 1, tzinfo=UTC)


def test_a_stack_is_described_with_its_masked_values_as_they_are(stubbed: Any) -> None:
    client, stub = stubbed.client("cloudformation")
    raw = {
        "StackName": "s",
        "StackId": ID,
        "CreationTime": NOW,
        "StackStatus": "CREATE_COMPLETE",
        "Parameters": [{"ParameterKey": "AdminPassword", "ParameterValue": "****"}],
        "Outputs": [{"OutputKey": "InstanceId", "OutputValue": "i-1"}],
    }
    stub.add_response("describe_stacks", {"Stacks": [raw]}, {"StackName": "s"})
    stack = CloudFormation(client).describe_stack("s")
    assert stack.masks("AdminPassword") and stack.outputs == {"InstanceId": "i-1"}
    assert (stack.region, stack.account, stack.partition) == ("us-east-1", "111122223333", "aws")


@pytest.mark.parametrize(
    ("code", "message", "raised"),
    [
        ("ValidationError", "Stack with id s does not exist", StackNotFound),
        ("ValidationError", f"Stack:{ID} is in UPDATE_IN_PROGRESS state and can not be updated.", StackBusy),
        ("OperationInProgressException", "", StackBusy),
        ("ValidationError", "Parameter 'AdminEmail' must match pattern ^.$", UsageError),
        (
            "ValidationError",
            "Parameter validation failed: parameter value vpc-1 for parameter name VpcId does not exist.",
            UsageError,
        ),
        ("AccessDenied", "User x is not authorized to perform: cloudformation:DescribeStacks", AwsError),
    ],
)
def test_errors_are_translated_once(code: str, message: str, raised: type[Exception], stubbed: Any) -> None:
    client, stub = stubbed.client("cloudformation")
    stub.add_client_error("describe_stacks", code, message)
    with pytest.raises(raised) as caught:
        CloudFormation(client).describe_stack("s")
    if raised is AwsError:
        assert "(AccessDenied)" in str(caught.value) and caught.value.operation == "DescribeStacks"  # type: ignore[attr-defined]


def test_previous_values_and_previous_template_are_asked_for_by_name(stubbed: Any) -> None:
    client, stub = stubbed.client("cloudformation")
    expected = {
        "StackName": "s",
        "ChangeSetName": "c",
        "ChangeSetType": "UPDATE",
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "UsePreviousTemplate": True,
        "Parameters": [{"ParameterKey": "A", "UsePreviousValue": True}, {"ParameterKey": "B", "ParameterValue": "No"}],
    }
    stub.add_response("create_change_set", {"Id": "cs", "StackId": ID}, expected)
    request = ChangeSetRequest("s", "c", creates=False, template_body=None, parameters={"B": "No", "A": None})
    assert CloudFormation(client).create_change_set(request) == "cs"
    assert "No" not in repr(request)


def test_a_change_set_is_read_whole(stubbed: Any) -> None:
    client, stub = stubbed.client("cloudformation")

    def page(logical_id: str, **more: Any) -> dict[str, Any]:
        detail = {"Target": {"Attribute": "Properties", "Name": "ImageId", "RequiresRecreation": "Always"}}
        change = {
            "Action": "Modify",
            "LogicalResourceId": logical_id,
            "ResourceType": "AWS::EC2::Instance",
            "Replacement": "Conditional",
            "Scope": ["Properties"],
            "Details": [detail],
        }
        head = {"ChangeSetId": "cs", "ChangeSetName": "c", "StackId": ID, "Status": "CREATE_COMPLETE"}
        return {**head, "Changes": [{"Type": "Resource", "ResourceChange": change}], **more}

    stub.add_response("describe_change_set", page("One", NextToken="n"), {"ChangeSetName": "cs"})
    stub.add_response("describe_change_set", page("Two"), {"ChangeSetName": "cs", "NextToken": "n"})
    found = CloudFormation(client).describe_change_set("cs")
    assert [change.logical_id for change in found.changes] == ["One", "Two"]
    assert found.changes[0].replacement is Replacement.CONDITIONAL and found.changes[0].properties == ("ImageId",)


@pytest.mark.parametrize(
    "reason", ["The submitted information didn't contain changes. Submit …", "No updates are to be performed."]
)
def test_both_of_awss_texts_mean_nothing_to_do(reason: str, stubbed: Any) -> None:
    client, stub = stubbed.client("cloudformation")
    head = {"ChangeSetId": "cs", "ChangeSetName": "c", "StackId": ID, "Status": "FAILED", "StatusReason": reason}
    stub.add_response("describe_change_set", head, {"ChangeSetName": "cs"})
    assert CloudFormation(client).describe_change_set("cs").empty


def raw(number: int, token: str) -> dict[str, Any]:
    """An event of the operation marked `token`."""
    ids = {"StackId": ID, "EventId": str(number), "StackName": "s", "Timestamp": NOW}
    return {**ids, "LogicalResourceId": "A", "ResourceStatus": "CREATE_COMPLETE", "ClientRequestToken": token}


def test_events_come_in_time_order_and_reading_stops_at_another_operation(stubbed: Any) -> None:
    client, stub = stubbed.client("cloudformation")
    newest_first = [raw(4, "ours"), raw(3, "ours"), raw(2, "theirs"), raw(1, "theirs")]
    for _ in range(3):
        stub.add_response(
            "describe_stack_events", {"StackEvents": newest_first, "NextToken": "more"}, {"StackName": ID}
        )
    gateway = CloudFormation(client)
    assert [e.event_id for e in gateway.stack_events(ID, token="ours")] == ["3", "4"]
    assert [e.event_id for e in gateway.stack_events(ID, after="3")] == ["4"]
    assert [e.event_id for e in gateway.stack_events(ID, limit=1)] == ["4"]


def test_an_operation_is_seen_to_its_end_though_the_next_one_has_begun(stubbed: Any) -> None:
    client, stub = stubbed.client("cloudformation")
    newest_first = [raw(6, "next"), raw(5, "next"), raw(4, "ours"), raw(3, "ours"), raw(2, "theirs")]
    for _ in range(2):
        stub.add_response("describe_stack_events", {"StackEvents": newest_first}, {"StackName": ID})
    foreign = {"StackEvents": [raw(1, "theirs")], "NextToken": "more"}
    stub.add_response("describe_stack_events", foreign, {"StackName": ID})
    gateway = CloudFormation(client)
    assert [e.event_id for e in gateway.stack_events(ID, token="ours")] == ["3", "4"]
    assert [e.event_id for e in gateway.stack_events(ID, token="ours", after="3")] == ["4"]
    assert gateway.stack_events(ID, token="ours") == []  # not begun yet: the whole history is not read for it


def test_a_stack_policy_is_read_and_set_as_text(stubbed: Any) -> None:
    client, stub = stubbed.client("cloudformation")
    stub.add_response("get_stack_policy", {}, {"StackName": ID})
    stub.add_response("set_stack_policy", {}, {"StackName": ID, "StackPolicyBody": "{}"})
    stub.add_response("get_stack_policy", {"StackPolicyBody": "{}"}, {"StackName": ID})
    cloudformation = CloudFormation(client)
    assert cloudformation.get_stack_policy(ID) == ""
    cloudformation.set_stack_policy(ID, "{}")
    assert cloudformation.get_stack_policy(ID) == "{}"
