"""The published stack: created, flipped and flipped back, with the services showing what CloudFormation says."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.cloudformation.conftest import Client, Stacks, changes
from tests.sandbox.cloudformation.published import ADMIN_PASSWORD, PUBLISHED, SUPPORT_SET, parameters, previous

KEPT = ("VpcId", "SubnetId", "AdminPassword")


@pytest.fixture
def created(stacks: Stacks) -> Stacks:
    assert stacks.execute(stacks.change_set(parameters(), PUBLISHED, "CREATE")) == "CREATE_COMPLETE"
    return stacks


def flip(stacks: Stacks, **given: str) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    events = len(stacks.events())
    change_set = stacks.change_set(previous(*(k for k in KEPT if k not in given), **given))
    assert stacks.execute(change_set) == "UPDATE_COMPLETE"
    return change_set, stacks.events(events)


def test_the_instance_is_what_the_template_says(created: Stacks, client: Client) -> None:
    ec2 = client("ec2")
    instance = ec2.describe_instances()["Reservations"][0]["Instances"][0]
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert "PublicIpAddress" not in instance
    assert instance["Architecture"] == "arm64"
    assert instance["IamInstanceProfile"]["Arn"].endswith(":instance-profile/deepsql-selfhost-instance-profile")
    assert instance["NetworkInterfaces"][0]["PrivateIpAddress"] == created.outputs()["PrivateIp"]
    tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
    assert tags["deepsql:managed"] == "true"
    assert tags["aws:cloudformation:logical-id"] == "Instance"
    volume = ec2.describe_volumes()["Volumes"][0]
    assert (volume["Size"], volume["VolumeType"], volume["Encrypted"]) == (50, "gp3", True)


def test_ref_is_the_arn_of_a_secret_and_the_name_of_a_profile(created: Stacks, client: Client) -> None:
    ids = created.resources()
    assert ids["InstanceProfile"] == "deepsql-selfhost-instance-profile"
    assert ids["SupportCredentialsSecret"].startswith("arn:aws:secretsmanager:")
    secret = json.loads(
        client("secretsmanager").get_secret_value(SecretId=created.outputs()["SupportSecretArn"])["SecretString"]
    )
    assert secret["InstanceId"] == ids["Instance"]
    who = client("sts", secret["AccessKeyId"], secret["SecretAccessKey"]).get_caller_identity()
    assert who["Arn"].endswith(":user/deepsql-support")


def test_a_flip_removes_the_support_set_in_a_cleanup_phase_and_says_nothing_of_the_instance(
    created: Stacks, client: Client
) -> None:
    instance = created.resources()["Instance"]
    change_set, events = flip(created, CreateSupportUser="No")
    assert changes(change_set) == dict.fromkeys(SUPPORT_SET, "Remove")
    assert events[:2] == [("demo", "UPDATE_IN_PROGRESS"), ("demo", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")]
    assert events[-1] == ("demo", "UPDATE_COMPLETE")
    assert {name for name, status in events if status == "DELETE_COMPLETE"} == SUPPORT_SET
    assert {name for name, _ in events} == {*SUPPORT_SET, "demo"}
    with pytest.raises(ClientError, match="NoSuchEntity"):
        client("iam").get_user(UserName="deepsql-support")
    assert client("secretsmanager").list_secrets()["SecretList"] == []
    assert created.resources()["Instance"] == instance


def test_a_flip_back_creates_them_again(created: Stacks, client: Client) -> None:
    flip(created, CreateSupportUser="No")
    change_set, events = flip(created, CreateSupportUser="Yes")
    assert changes(change_set) == dict.fromkeys(SUPPORT_SET, "Add")
    assert {name for name, status in events if status == "CREATE_COMPLETE"} == SUPPORT_SET
    assert len(client("iam").list_access_keys(UserName="deepsql-support")["AccessKeyMetadata"]) == 1


def test_a_key_made_by_hand_keeps_the_user_as_on_aws(created: Stacks, client: Client) -> None:
    client("iam").create_access_key(UserName="deepsql-support")
    _, events = flip(created, CreateSupportUser="No")
    assert ("SupportUser", "DELETE_FAILED") in events
    assert client("iam").get_user(UserName="deepsql-support")["User"]["UserName"] == "deepsql-support"


def test_an_empty_change_set_fails_with_awss_sentence(created: Stacks) -> None:
    change_set = created.change_set(previous(*KEPT))
    assert (change_set["Status"], change_set["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert change_set["StatusReason"].startswith("The submitted information didn't contain changes.")


def test_an_instance_type_changes_in_place_and_a_volume_replaces(created: Stacks, client: Client) -> None:
    first = created.resources()["Instance"]
    change_set, _ = flip(created, InstanceType="t4g.xlarge")
    assert change_set["Changes"][0]["ResourceChange"]["Replacement"] == "Conditional"
    assert created.resources()["Instance"] == first
    _, events = flip(created, VolumeSizeGiB="80")
    assert created.resources()["Instance"] != first
    assert ("Instance", "DELETE_COMPLETE") in events
    assert [volume["Size"] for volume in client("ec2").describe_volumes()["Volumes"]] == [80]


def test_property_values_are_shown_before_and_after(created: Stacks) -> None:
    change_set = created.change_set(previous(*KEPT, InstanceType="t4g.xlarge"))
    change = change_set["Changes"][0]["ResourceChange"]
    target = change["Details"][0]["Target"]
    assert (target["BeforeValue"], target["AfterValue"]) == ("t4g.large", "t4g.xlarge")
    assert json.loads(change["AfterContext"])["Properties"]["InstanceType"] == "t4g.xlarge"


def test_the_admin_password_is_shown_nowhere(created: Stacks) -> None:
    new = "another-canary-of-the-password"
    seen = [
        created.change_set(previous("VpcId", "SubnetId", AdminPassword=new)),
        created.stack(),
        created.history(),
        created.api.get_template_summary(StackName="demo"),
    ]
    text = json.dumps(seen, default=str)
    assert ADMIN_PASSWORD not in text
    assert new not in text


def test_a_parameter_that_names_nothing_fails_the_change_set(stacks: Stacks) -> None:
    change_set = stacks.change_set(parameters(VpcId="vpc-0123456789abcdef0"), PUBLISHED, "CREATE")
    assert change_set["Status"] == "FAILED"
    assert "vpc-0123456789abcdef0 for parameter name VpcId does not exist" in change_set["StatusReason"]


def test_an_unknown_type_is_refused_before_anything_is_made(stacks: Stacks) -> None:
    template = json.dumps({"Resources": {"Thing": {"Type": "AWS::Braket::QuantumTask", "Properties": {}}}})
    with pytest.raises(ClientError, match="Unrecognized resource types"):
        stacks.change_set([], template, "CREATE")
