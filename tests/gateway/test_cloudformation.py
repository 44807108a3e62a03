"""CloudFormation's verbs, against botocore's own models."""

from datetime import UTC, datetime
from typing import Any

import pytest

from generator.errors import AwsError, StackBusy, StackNotFound, UsageError
from generator.gateway.cloudformation import CloudFormation
from generator.model.change_set import Change, ChangeSetRequest, PropertyChange
from generator.model.update_effect import EFFECTS, Replacement

ID = "arn:aws:cloudformation:us-east-1:111122223333:stack/s/1"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
ASKED = {"ChangeSetName": "cs", "IncludePropertyValues": True}


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
        "ClientToken": "c",
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "UsePreviousTemplate": True,
        "Parameters": [{"ParameterKey": "A", "UsePreviousValue": True}, {"ParameterKey": "B", "ParameterValue": "No"}],
    }
    stub.add_response("create_change_set", {"Id": "cs", "StackId": ID}, expected)
    request = ChangeSetRequest("s", "c", creates=False, template_body=None, parameters={"B": "No", "A": None})
    assert CloudFormation(client).create_change_set(request) == "cs"
    assert "No" not in repr(request)


def test_role_topics_and_tags_are_sent_where_they_are_given(stubbed: Any) -> None:
    """What is omitted stays as the stack has it, so the test before has none of them."""
    client, stub = stubbed.client("cloudformation")
    expected = {
        "StackName": "s",
        "ChangeSetName": "c",
        "ChangeSetType": "CREATE",
        "ClientToken": "c",
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "TemplateBody": "{}",
        "Parameters": [],
        "Tags": [{"Key": "team", "Value": "data"}],
        "RoleARN": "arn:aws:iam::111122223333:role/r",
        "NotificationARNs": ["arn:aws:sns:us-east-1:111122223333:t"],
    }
    stub.add_response("create_change_set", {"Id": "cs", "StackId": ID}, expected)
    request = ChangeSetRequest(
        "s",
        "c",
        creates=True,
        template_body="{}",
        parameters={},
        tags={"team": "data"},
        role_arn="arn:aws:iam::111122223333:role/r",
        notification_arns=("arn:aws:sns:us-east-1:111122223333:t",),
    )
    CloudFormation(client).create_change_set(request)
    executed = {"ChangeSetName": "cs", "ClientRequestToken": "t"}
    for keep, more in ((True, {"DisableRollback": True}), (False, {})):
        stub.add_response("execute_change_set", {}, {**executed, **more})
        CloudFormation(client).execute_change_set("cs", "t", disable_rollback=keep)
    deleted = {"StackName": "s", "ClientRequestToken": "t", "RoleARN": "arn:aws:iam::111122223333:role/r"}
    stub.add_response("delete_stack", {}, deleted)
    CloudFormation(client).delete_stack("s", "t", role_arn="arn:aws:iam::111122223333:role/r")
    stub.assert_no_pending_responses()


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

    stub.add_response("describe_change_set", page("One", NextToken="n"), ASKED)
    stub.add_response("describe_change_set", page("Two"), {**ASKED, "NextToken": "n"})
    found = CloudFormation(client).describe_change_set("cs")
    assert [change.logical_id for change in found.changes] == ["One", "Two"]
    assert found.changes[0].replacement is Replacement.CONDITIONAL and found.changes[0].properties == ("ImageId",)


@pytest.mark.parametrize(
    "reason", ["The submitted information didn't contain changes. Submit …", "No updates are to be performed."]
)
def test_both_of_awss_texts_mean_nothing_to_do(reason: str, stubbed: Any) -> None:
    client, stub = stubbed.client("cloudformation")
    head = {"ChangeSetId": "cs", "ChangeSetName": "c", "StackId": ID, "Status": "FAILED", "StatusReason": reason}
    stub.add_response("describe_change_set", head, ASKED)
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


HEAD = {"ChangeSetId": "cs", "ChangeSetName": "c", "StackId": ID, "Status": "CREATE_COMPLETE"}


def detail(name: str, recreation: str, path: str = "", cause: str = "", **values: str) -> dict[str, Any]:
    """A changed property as DescribeChangeSet lists it; `values` are BeforeValue and AfterValue."""
    where = {"Path": path or f"/Properties/{name}", "RequiresRecreation": recreation}
    why = (
        {"ChangeSource": "ParameterReference", "CausingEntity": cause}
        if cause
        else {"ChangeSource": "DirectModification"}
    )
    return {"Target": {"Attribute": "Properties", "Name": name, **where, **values}, "Evaluation": "Static", **why}


def modified(stubbed: Any, *details: dict[str, Any], kind: str = "AWS::EC2::Instance", **more: Any) -> Change:
    """What is read of the modification of one resource; `more` are members of the answer's ResourceChange."""
    client, stub = stubbed.client("cloudformation")
    change = {
        "Action": "Modify",
        "LogicalResourceId": "Thing",
        "ResourceType": kind,
        "Replacement": "Conditional",
        "Scope": ["Properties"],
        "Details": list(details),
        **more,
    }
    parameters = [
        {"ParameterKey": "AdminPassword", "ParameterValue": "****"},
        {"ParameterKey": "InstanceName", "ParameterValue": "box"},
    ]
    answer = {**HEAD, "Parameters": parameters, "Changes": [{"Type": "Resource", "ResourceChange": change}]}
    stub.add_response("describe_change_set", answer, ASKED)
    return CloudFormation(client).describe_change_set("cs").changes[0]


TYPE = detail("InstanceType", "Conditionally", BeforeValue="t4g.large", AfterValue="t4g.xlarge")
DOCUMENT = "AWS::SSM::Document"


@pytest.mark.parametrize(
    ("details", "replacement", "interrupts"),
    [
        ([TYPE], Replacement.NO, True),
        ([detail("UserData", "Conditionally")], Replacement.NO, True),
        ([detail("EbsOptimized", "Conditionally")], Replacement.NO, True),
        ([detail("SecurityGroupIds", "Conditionally")], Replacement.NO, False),
        ([TYPE, detail("SecurityGroupIds", "Conditionally"), detail("Tags", "Never")], Replacement.NO, True),
        ([TYPE, detail("BlockDeviceMappings", "Conditionally")], Replacement.CONDITIONAL, False),
        ([detail("Tenancy", "Conditionally")], Replacement.CONDITIONAL, False),
        ([TYPE, detail("ImageId", "Always")], Replacement.CONDITIONAL, False),
        ([detail("Tags", "Never")], Replacement.CONDITIONAL, False),
        ([], Replacement.CONDITIONAL, False),
    ],
)
def test_conditional_is_read_with_the_properties_that_change(
    details: list[dict[str, Any]], replacement: Replacement, interrupts: bool, stubbed: Any
) -> None:
    change = modified(stubbed, *details)
    assert (change.replacement, change.interrupts) == (replacement, interrupts)
    assert change.loses == (replacement is not Replacement.NO)


def test_the_same_property_of_another_type_stays_conditional(stubbed: Any) -> None:
    assert modified(stubbed, TYPE, kind="AWS::EMR::InstanceGroupConfig").replacement is Replacement.CONDITIONAL


def test_a_certain_replacement_is_not_talked_away(stubbed: Any) -> None:
    assert modified(stubbed, TYPE, Replacement="True").replacement is Replacement.YES
    assert not modified(stubbed, TYPE, Replacement="True").interrupts


@pytest.mark.parametrize(
    ("context", "replacement"),
    [
        ('{"Properties": {"UpdateMethod": "NewVersion"}}', Replacement.NO),
        ('{"Properties": {"UpdateMethod": "Replace"}}', Replacement.CONDITIONAL),
        ('{"Properties": {}}', Replacement.CONDITIONAL),
        ('{"Properties": {"UpdateMeth', Replacement.CONDITIONAL),  # cut off
        ("[]", Replacement.CONDITIONAL),
    ],
)
def test_a_documents_content_is_a_new_version_only_where_the_document_says_so(
    context: str, replacement: Replacement, stubbed: Any
) -> None:
    change = modified(stubbed, detail("Content", "Conditionally"), kind=DOCUMENT, AfterContext=context)
    assert change.replacement is replacement


def test_every_effect_is_of_a_property_that_cloudformation_calls_conditional() -> None:
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    for kind, name in EFFECTS:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
        assert f"/properties/{name}" in schema["conditionalCreateOnlyProperties"], (kind, name)


def test_an_addition_is_no_replacement_though_it_carries_one(stubbed: Any) -> None:
    for action in ("Add", "Import"):
        change = modified(stubbed, Action=action, Replacement="True")
        assert change.replacement is Replacement.NO and not change.loses


def test_changed_values_are_read_with_their_paths(stubbed: Any) -> None:
    volume = "/Properties/BlockDeviceMappings/0/Ebs/VolumeSize"
    tag = detail("Tags", "Never", "/Properties/Tags/0/Value", "InstanceName", AfterValue="box")
    size = detail("BlockDeviceMappings", "Conditionally", volume, BeforeValue="50", AfterValue="80")
    assert modified(stubbed, tag, size, TYPE).values == (
        PropertyChange("BlockDeviceMappings/0/Ebs/VolumeSize", "50", "80"),
        PropertyChange("InstanceType", "t4g.large", "t4g.xlarge"),
        PropertyChange("Tags/0/Value", None, "box"),
    )
    same = detail("InstanceType", "Conditionally", BeforeValue="t4g.large", AfterValue="t4g.large")
    assert modified(stubbed, same).values == ()


CANARY = "correct-horse"
BOTH = {"BeforeValue": "old", "AfterValue": CANARY}


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("AWS::EC2::Instance", detail("UserData", "Conditionally", **BOTH)),
        ("AWS::EC2::Instance", detail("Tags", "Never", "/Properties/Tags/1/Value", "AdminPassword", **BOTH)),
        ("AWS::EC2::Instance", detail("Tags", "Never", BeforeValue="a ****", AfterValue=CANARY)),
        ("AWS::EC2::Instance", detail("Tags", "Never", AfterValue=f'[{{"Value": "{CANARY}"}}]')),
        ("AWS::EC2::Instance", detail("Tags", "Never", AfterValue=f"{CANARY}\n")),
        ("AWS::EC2::Instance", detail("Tags", "Never", AfterValue=CANARY * 20)),
        ("AWS::RDS::DBInstance", detail("MasterUserPassword", "Never", **BOTH)),
        ("AWS::Lambda::Function", detail("Environment", "Never", "/Properties/Environment/Variables/X", **BOTH)),
        ("AWS::SecretsManager::Secret", detail("Description", "Never", **BOTH)),
        ("AWS::SSM::Parameter", detail("Value", "Never", **BOTH)),
        ("Custom::Thing", detail("Anything", "Never", **BOTH)),
        ("AWS::CloudFormation::Stack", detail("Anything", "Never", **BOTH)),
    ],
)
def test_a_value_that_may_be_a_secret_is_never_read(kind: str, changed: dict[str, Any], stubbed: Any) -> None:
    change = modified(stubbed, changed, kind=kind)
    assert change.values == () and CANARY not in repr(change)
    assert change.properties == (changed["Target"]["Name"],), "that it changes is read all the same"
