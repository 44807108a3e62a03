"""access policy --attach-to: for a host that no stack made."""

from __future__ import annotations

import uuid

import pytest
from botocore.session import Session

from generator.gateway.aws import Gateway
from tests.embedded import Deployer


@pytest.fixture
def host(stack: dict[str, str]) -> str:
    """An instance of somebody's own making, without the tag."""
    ec2 = Session().create_client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    image = ec2.describe_images()["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t4g.large", SubnetId=subnet)
    return str(made["Instances"][0]["InstanceId"])


@pytest.fixture
def user(stack: dict[str, str]) -> str:
    name = f"ops-{uuid.uuid4().hex[:6]}"
    Session().create_client("iam").create_user(UserName=name)
    return name


def test_it_is_attached_once_and_taken_away_again(deployer: Deployer, gateway: Gateway, host: str, user: str) -> None:
    words = ("access", "policy", "--attach-to", user, "--instance-id", host, "--document", "own-shell", "--yes")
    first, again = deployer(*words), deployer(*words)
    assert first.code == 0 and again.code == 0, first.err
    assert first.result["checks"][0]["answer"] == "create" and again.result["checks"][0]["answer"] == "unchanged"
    statement = gateway.iam.user_policies(user)["deepsql-support-ssm"].statements[0]
    assert statement.resources[0].endswith(f"instance/{host}")
    assert gateway.ec2.instance_tags(host)["deepsql:managed"] == "true"
    assert deployer(*words, "--undo").code == 0
    assert gateway.iam.user_policies(user) == {} and "deepsql:managed" not in gateway.ec2.instance_tags(host)


def test_a_policy_of_that_name_that_is_not_ours_is_left(deployer: Deployer, gateway: Gateway, user: str) -> None:
    theirs = {"Version": "2012-10-17", "Statement": [{"Sid": "X", "Effect": "Deny", "Action": "*", "Resource": "*"}]}
    gateway.iam.put_user_policy(user, "deepsql-support-ssm", theirs)
    ran = deployer("access", "policy", "--attach-to", user, "--undo")  # said before anything is asked
    assert (ran.code, ran.error["code"]) == (3, "not-ours") and gateway.iam.user_policies(user)


@pytest.mark.parametrize("undo", [(), ("--undo",)])
def test_the_support_user_of_a_stack_is_the_stacks_own(
    deployer: Deployer, gateway: Gateway, host: str, undo: tuple[str, ...]
) -> None:
    user = deployer.physical_ids()["SupportUser"]
    before = gateway.iam.user_policies(user)
    ran = deployer("access", "policy", "--attach-to", user, "--instance-id", host, *undo, "--yes")
    assert (ran.code, ran.error["code"]) == (3, "of-a-stack")
    assert gateway.iam.user_policies(user) == before and before


def test_whom_and_where_must_be_known(deployer: Deployer, host: str, user: str) -> None:
    assert deployer("access", "policy", "--attach-to", "nobody", "--instance-id", host, "--yes").code == 4
    assert deployer("access", "policy", "--attach-to", user, "--yes").error["code"] == "instance"


def test_what_iam_has_no_room_for_is_refused_before_anything_changes(
    deployer: Deployer, gateway: Gateway, host: str, user: str
) -> None:
    """A user has 2,048 characters for all its inline policies together."""
    words = ("access", "policy", "--attach-to", user, "--instance-id", host, "--yes")
    crowded = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": ["s3:Get" + "x" * 600], "Resource": "*"}],
    }
    gateway.iam.put_user_policy(user, "theirs", crowded)
    refused = deployer(*words)
    assert (refused.code, refused.error["code"]) == (3, "policy-too-large")
    assert f"IAM allows the user {user} 2,048 in all" in refused.error["message"] and "10,240" in refused.error["hint"]
    assert set(gateway.iam.user_policies(user)) == {"theirs"} and "deepsql:managed" not in gateway.ec2.instance_tags(
        host
    )
    gateway.iam.delete_user_policy(user, "theirs")
    assert deployer(*words).code == 0
    long = [word for number in range(8) for word in ("--document", f"shell-{number}" + "x" * 100)]
    assert deployer(*words, *long).error["code"] == "policy-too-large"
