"""Failures asked for, and the states a stack is left in."""

import json
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

from generator.sandbox import lifecycle
from generator.sandbox.root_keys import control_token
from generator.sandbox.state import SandboxState
from tests.sandbox.cloudformation.conftest import Client, Stacks
from tests.sandbox.cloudformation.published import PUBLISHED, parameters, previous
from tests.sandbox_keys import control

TEMPLATE = """
Parameters: {Value: {Type: String, Default: one}}
Resources:
  First: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Ref Value}}
  Second: {Type: AWS::SSM::Parameter, DependsOn: First, Properties: {Type: String, Value: !Ref Value}}
"""
TWO = [{"ParameterKey": "Value", "ParameterValue": "two"}]


@pytest.fixture
def created(stacks: Stacks) -> Stacks:
    assert stacks.execute(stacks.change_set([], TEMPLATE, "CREATE")) == "CREATE_COMPLETE"
    return stacks


def test_a_failed_create_rolls_back_and_leaves_nothing(stacks: Stacks, sandbox: SandboxState, client: Client) -> None:
    lifecycle.fail_next(sandbox, "Second", "create", "no more of these")
    assert stacks.execute(stacks.change_set([], TEMPLATE, "CREATE")) == "ROLLBACK_COMPLETE"
    failed = next(event for event in stacks.history() if event["ResourceStatus"] == "CREATE_FAILED")
    assert (failed["LogicalResourceId"], failed["ResourceStatusReason"]) == ("Second", "no more of these")
    assert client("ssm").describe_parameters()["Parameters"] == []
    failures = stacks.api.describe_events(StackName="demo", Filters={"FailedEvents": True})["OperationEvents"]
    assert [(event["LogicalResourceId"], event["EventType"]) for event in failures] == [
        ("Second", "PROVISIONING_ERROR")
    ]


def test_a_failed_update_brings_the_old_values_back(created: Stacks, sandbox: SandboxState, client: Client) -> None:
    lifecycle.fail_next(sandbox, "Second", "update")
    assert created.execute(created.change_set(TWO)) == "UPDATE_ROLLBACK_COMPLETE"
    assert ("Second", "UPDATE_FAILED") in created.events()
    name = created.resources()["First"]
    assert client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "one"


def test_a_deleted_stack_is_shown_by_its_id_alone(created: Stacks) -> None:
    stack_id = created.stack()["StackId"]
    created.api.delete_stack(StackName="demo")
    created.api.get_waiter("stack_delete_complete").wait(StackName="demo", WaiterConfig={"Delay": 1})
    assert created.api.get_template(StackName=stack_id)["TemplateBody"] is not None
    for read in (created.api.get_template, created.api.list_stack_resources, created.api.describe_stack_resources):
        with pytest.raises(ClientError, match="Stack with id demo does not exist"):
            read(StackName="demo")


def test_a_failed_rollback_is_continued(created: Stacks, sandbox: SandboxState) -> None:
    lifecycle.fail_next(sandbox, "Second", "update")
    lifecycle.fail_next(sandbox, "First", "rollback")
    assert created.execute(created.change_set(TWO)) == "UPDATE_ROLLBACK_FAILED"
    created.api.continue_update_rollback(StackName="demo")
    assert created.settled() == "UPDATE_ROLLBACK_COMPLETE"


def test_a_flip_after_a_flip_that_was_rolled_back_removes_in_order(stacks: Stacks, sandbox: SandboxState) -> None:
    stacks.execute(stacks.change_set(parameters(), PUBLISHED, "CREATE"))
    lifecycle.fail_next(sandbox, "Instance", "update")
    both = previous("VpcId", "SubnetId", "AdminPassword", CreateSupportUser="No", InstanceType="t4g.xlarge")
    assert stacks.execute(stacks.change_set(both)) == "UPDATE_ROLLBACK_COMPLETE"
    only = previous("VpcId", "SubnetId", "AdminPassword", CreateSupportUser="No")
    assert stacks.execute(stacks.change_set(only)) == "UPDATE_COMPLETE"
    removed = [name for name, status in stacks.events() if status == "DELETE_COMPLETE"]
    assert removed.index("SupportCredentialsSecret") < removed.index("SupportAccessKey") < removed.index("SupportUser")


def test_a_failed_delete_is_repeated(created: Stacks, sandbox: SandboxState) -> None:
    stack_id = created.stack()["StackId"]
    lifecycle.fail_next(sandbox, "First", "delete")
    created.api.delete_stack(StackName="demo")
    assert created.settled() == "DELETE_FAILED"
    created.api.delete_stack(StackName="demo")
    created.name = stack_id
    assert created.settled() == "DELETE_COMPLETE"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"not json", {}, 400),
        (b'{"logicalId": "First"}', {}, 400),
        (b'{"logicalId": "First", "action": "explode"}', {}, 400),
        (b'{"logicalId": "First", "action": "create"}', {"Origin": "https://example.com"}, 403),
    ],
)
def test_an_invalid_failure_is_refused(
    sandbox: SandboxState, body: bytes, headers: dict[str, str], status: int
) -> None:
    headers = {**headers, "Authorization": f"Bearer {control_token(sandbox.secret)}"}
    request = urllib.request.Request(f"{sandbox.endpoint}/_sandbox/fail", body, headers, method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        lifecycle.LOOPBACK.open(request)
    assert refused.value.code == status
    assert control("GET", "status", running=sandbox)["failures"] == []


def test_a_function_that_cannot_start_fails_its_resource(stacks: Stacks) -> None:
    template = {
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Principal": {"Service": "lambda.amazonaws.com"},
                                "Action": "sts:AssumeRole",
                            }
                        ],
                    }
                },
            },
            "Function": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Runtime": "python3.12",
                    "Handler": "index.handler",
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Code": {"ZipFile": "import a_module_that_is_nowhere\n"},
                },
            },
            "Thing": {"Type": "Custom::Thing", "Properties": {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}}},
        }
    }
    assert stacks.execute(stacks.change_set([], json.dumps(template), "CREATE")) == "ROLLBACK_COMPLETE"
    failed = next(event for event in stacks.history() if event["ResourceStatus"] == "CREATE_FAILED")
    assert failed["LogicalResourceId"] == "Thing"
    assert "a_module_that_is_nowhere" in failed["ResourceStatusReason"]
