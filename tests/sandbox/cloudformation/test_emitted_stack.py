"""The emitted template on the sandbox, with the keeper's real code as its function."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from generator.template.adoption import adopt
from generator.template.emit import wire
from tests.sandbox.cloudformation.conftest import Client, Stacks, changes
from tests.sandbox.cloudformation.published import ADMIN_PASSWORD, PUBLISHED, parameters

TEMPLATE = wire()
NETWORK = {"VpcId": "vpc-00000001", "SubnetId": "subnet-00000002", "AdminEmail": "admin@example.com"}


@pytest.fixture
def created(stacks: Stacks) -> Stacks:
    given = [{"ParameterKey": k, "ParameterValue": v} for k, v in NETWORK.items()]
    assert stacks.execute(stacks.change_set(given, TEMPLATE, "CREATE")) == "CREATE_COMPLETE"
    return stacks


def changed(stacks: Stacks, **given: str) -> dict[str, Any]:
    """A change set with these values and the previous ones for all the others."""
    known = [parameter["ParameterKey"] for parameter in stacks.stack()["Parameters"]]
    unchanged = [{"ParameterKey": key, "UsePreviousValue": True} for key in known if key not in given]
    return stacks.change_set([*unchanged, *({"ParameterKey": k, "ParameterValue": v} for k, v in given.items())])


def secret_of(stacks: Stacks, client: Client) -> dict[str, str]:
    arn = stacks.outputs()["SupportSecretArn"]
    secret = client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    return dict(json.loads(secret))


def who_am_i(client: Client, secret: dict[str, str]) -> str:
    return str(client("sts", secret["AccessKeyId"], secret["SecretAccessKey"]).get_caller_identity()["Arn"])


def test_the_keeper_puts_a_working_key_into_the_secret(created: Stacks, client: Client) -> None:
    user = created.outputs()["SupportUserName"]
    secret = secret_of(created, client)
    assert who_am_i(client, secret).endswith(f":user/{user}")
    assert secret["InstanceId"] == created.outputs()["InstanceId"]
    shown = client("iam").get_user(UserName=user)["User"]
    assert shown["PermissionsBoundary"]["PermissionsBoundaryArn"] == created.resources()["SupportSessionPolicy"]


def test_the_services_show_what_was_made(created: Stacks, client: Client) -> None:
    ids = created.resources()
    group = client("logs").describe_log_groups(logGroupNamePrefix=ids["SessionLogGroup"])["logGroups"][0]
    assert (group["retentionInDays"], group["kmsKeyId"]) == (365, created.outputs()["StackKeyArn"])
    assert client("kms").get_key_rotation_status(KeyId=ids["StackKey"])["KeyRotationEnabled"] is True
    described = client("ssm").describe_document(Name=ids["ShellDocument"])["Document"]
    assert described["DocumentType"] == "Session"
    password = client("secretsmanager").get_secret_value(SecretId=ids["AdminSecret"])["SecretString"]
    assert len(password) >= 12
    signal = [e["ResourceStatusReason"] for e in created.history() if "signal" in e.get("ResourceStatusReason", "")]
    assert signal == [
        f"Received SUCCESS signal with UniqueId {ids['Instance']} (sandbox: imitated, nothing runs on the instance)"
    ]


def test_flip_and_back_touch_the_key_policy_and_the_support_set(created: Stacks, client: Client) -> None:
    instance, first = created.outputs()["InstanceId"], secret_of(created, client)
    events = len(created.events())
    assert created.execute(changed(created, CreateSupportUser="No")) == "UPDATE_COMPLETE"
    touched = {name for name, _ in created.events(events)}
    assert "Instance" not in touched
    assert {"SupportUser", "SupportKey", "SupportCredentialsSecret"} <= touched
    assert client("iam").list_users()["Users"] == []
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        who_am_i(client, first)
    assert created.execute(changed(created, CreateSupportUser="Yes")) == "UPDATE_COMPLETE"
    assert secret_of(created, client)["AccessKeyId"] != first["AccessKeyId"]
    assert created.outputs()["InstanceId"] == instance


def test_rotating_the_secret_runs_the_keeper(created: Stacks, client: Client) -> None:
    before = secret_of(created, client)
    client("secretsmanager").rotate_secret(SecretId=created.outputs()["SupportSecretArn"])
    deadline = time.monotonic() + 20
    while secret_of(created, client)["AccessKeyId"] == before["AccessKeyId"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert who_am_i(client, secret_of(created, client)).endswith(created.outputs()["SupportUserName"])


def test_delete_keeps_the_volume_the_key_and_the_logs(created: Stacks, client: Client) -> None:
    ids = created.resources()
    created.api.update_termination_protection(StackName="demo", EnableTerminationProtection=False)
    created.name = created.stack()["StackId"]
    created.api.delete_stack(StackName="demo")
    assert created.settled() == "DELETE_COMPLETE"
    skipped = {name for name, status in created.events() if status == "DELETE_SKIPPED"}
    assert skipped == {"StackKey", "SessionLogGroup", "KeeperLogGroup"}
    assert client("kms").describe_key(KeyId=ids["StackKey"])["KeyMetadata"]["KeyState"] == "Enabled"
    volume = client("ec2").describe_volumes()["Volumes"][0]
    assert (volume["State"], volume["Attachments"]) == ("available", [])
    assert client("iam").list_roles()["Roles"] == []


def test_a_failed_create_leaves_no_key_and_no_log_behind(stacks: Stacks, client: Client, sandbox: Any) -> None:
    from generator.sandbox import lifecycle

    lifecycle.fail_next(sandbox, "SupportKey", "create")
    given = [{"ParameterKey": k, "ParameterValue": v} for k, v in NETWORK.items()]
    assert stacks.execute(stacks.change_set(given, TEMPLATE, "CREATE")) == "ROLLBACK_COMPLETE"
    assert client("logs").describe_log_groups()["logGroups"] == []
    states = [
        client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"]
        for key in client("kms").list_keys()["Keys"]
    ]
    assert states == ["PendingDeletion"]


def test_our_template_taken_by_hand_to_a_published_stack_fails_before_its_instance_is_touched(
    stacks: Stacks, client: Client
) -> None:
    assert stacks.execute(stacks.change_set(parameters(), PUBLISHED, "CREATE")) == "CREATE_COMPLETE"
    instance = stacks.outputs()["InstanceId"]
    machine = client("ec2").describe_instances(InstanceIds=[instance])["Reservations"]
    known = [{"ParameterKey": p["ParameterKey"], "UsePreviousValue": True} for p in stacks.stack()["Parameters"]]
    assert stacks.execute(stacks.change_set(known, TEMPLATE)) == "UPDATE_ROLLBACK_COMPLETE"
    reasons = [event.get("ResourceStatusReason", "") for event in stacks.history()]
    assert any("would replace the stack's instance. Run: deployer upgrade" in reason for reason in reasons)
    assert stacks.outputs()["InstanceId"] == instance
    assert client("ec2").describe_instances(InstanceIds=[instance])["Reservations"] == machine


def test_a_published_stack_is_upgraded_without_a_changed_property_of_its_instance(
    stacks: Stacks, client: Client
) -> None:
    assert stacks.execute(stacks.change_set(parameters(), PUBLISHED, "CREATE")) == "CREATE_COMPLETE"
    instance = stacks.outputs()["InstanceId"]
    known = [{"ParameterKey": p["ParameterKey"], "UsePreviousValue": True} for p in stacks.stack()["Parameters"]]
    change_set = stacks.change_set(known, adopt(TEMPLATE, PUBLISHED).text)
    assert ADMIN_PASSWORD not in json.dumps(change_set, default=str)
    assert changes(change_set)["SupportAccessKey"] == "Remove"
    assert "Instance" not in changes(change_set)
    assert stacks.execute(change_set) == "UPDATE_COMPLETE"
    assert stacks.outputs()["InstanceId"] == instance
    assert who_am_i(client, secret_of(stacks, client)).endswith(":user/deepsql-support")
