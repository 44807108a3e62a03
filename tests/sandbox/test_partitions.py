"""China and GovCloud: every ARN a client sees and may say is of the region's own partition."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from generator.sandbox.partitions import dns_suffix, exchanged, partition_of
from tests.embedded import Deployer, environment, run, running_sandbox
from tests.sandbox_keys import root

REGIONS = [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ("arn:aws:iam::111122223333:role/x", "arn:aws-cn:iam::111122223333:role/x"),
        ('["arn:aws:s3:::b", "arn:aws-cn:s3:::b"]', '["arn:aws-cn:s3:::b", "arn:aws:s3:::b"]'),
        ("Policy=%22arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx", "Policy=%22arn%3Aaws-cn%3Aiam%3A%3A1%3Arole%2Fx"),
        ("p=arn%253Aaws%253Aiam", "p=arn%253Aaws-cn%253Aiam"),
        ("arn:aws-us-gov:iam::1:role/x", "arn:aws-us-gov:iam::1:role/x"),
        ("barn:aws:iam, arn:*:iam, arn:awsome:iam, aws-cn", "barn:aws:iam, arn:*:iam, arn:awsome:iam, aws-cn"),
        ("", ""),
    ],
)  # fmt: skip
def test_two_partitions_change_places_and_back(inside: str, outside: str) -> None:
    assert exchanged(inside, "aws-cn") == outside and exchanged(outside, "aws-cn") == inside
    assert exchanged(inside.encode(), "aws-cn") == outside.encode()
    assert exchanged(inside, "aws") == inside


def test_a_region_has_its_partition_and_domain() -> None:
    regions = ("us-east-1", "cn-northwest-1", "us-gov-east-1", "eu-west-3", "us-west-2")
    assert [partition_of(region) for region in regions] == ["aws", "aws-cn", "aws-us-gov", "aws", "aws"]
    assert [dns_suffix(region) for region in regions[:3]] == ["amazonaws.com", "amazonaws.com.cn", "amazonaws.com"]


@pytest.fixture(scope="module")
def leads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


def client(service: str, region: str, **keys: str) -> Any:
    return botocore.session.Session().create_client(service, region, **(keys or root()))


@pytest.mark.parametrize(("region", "partition"), REGIONS)
def test_the_story_runs_in_the_regions_partition(leads: dict[str, str], region: str, partition: str) -> None:
    with environment(leads | {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}):
        deployer = Deployer(f"story-{partition}")
        said = [deployer.create().out]
        secret = deployer.outputs["SupportSecretArn"]
        role = f"arn:{partition}:iam::444455556666:role/deepsql-support"
        granted = deployer("access", "grant", "--principal", role, "--for", "1h", "--reason", "T", "--yes")
        assert granted.code == 0, granted.err
        vendor = client("sts", region, **root(account="444455556666"))
        given = vendor.assume_role(RoleArn=role, RoleSessionName="operator")
        assert given["AssumedRoleUser"]["Arn"].startswith(f"arn:{partition}:sts::444455556666:assumed-role/")
        assert read(region, secret, given["Credentials"])["Region"] == region
        assert "ssm-user" in shell(deployer.stack_name, "whoami")
        assert run("run", "--stack-name", deployer.stack_name, "whoami").out == "root\n"
        said += [step.out for step in (granted, deployer("status"), deployer("access", "show"), deployer("doctor"))]
        revoked = deployer("access", "revoke", "--all", "--yes")
        assert revoked.code == 0, revoked.out + revoked.err
        with pytest.raises(ClientError, match="AccessDenied"):
            read(region, secret, given["Credentials"])
        assert deployer("doctor").code == 0
        texts = "".join([*said, revoked.out, *documents(deployer, region)])
        assert f"arn:{partition}:" in texts and "arn:aws:" not in texts


def read(region: str, secret: str, keys: dict[str, str]) -> Any:
    names = {"aws_access_key_id": "AccessKeyId", "aws_secret_access_key": "SecretAccessKey"}
    names |= {"aws_session_token": "SessionToken"}
    reader = client("secretsmanager", region, **{name: keys[key] for name, key in names.items()})
    return json.loads(reader.get_secret_value(SecretId=secret)["SecretString"])


def shell(stack: str, line: str) -> str:
    argv = [sys.executable, "-m", "generator", "connect", "--stack-name", stack]
    return subprocess.run(argv, input=f"{line}\nexit\n", capture_output=True, text=True, timeout=60).stdout


def documents(deployer: Deployer, region: str) -> list[str]:
    """The policies of the stack's roles, and the trust of its instance."""
    iam, texts = client("iam", region), []
    for logical_id, name in deployer.physical_ids().items():
        if logical_id not in ("InstanceRole", "KeeperRole"):
            continue
        found = iam.get_role(RoleName=name)["Role"]
        texts += [found["Arn"], json.dumps(found["AssumeRolePolicyDocument"])]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            texts.append(json.dumps(iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]))
    assert f"ec2.{dns_suffix(region)}" in "".join(texts)
    return texts


@pytest.mark.parametrize(("region", "partition"), REGIONS)
def test_an_arn_of_another_partition_is_as_foreign_as_on_aws(
    leads: dict[str, str], region: str, partition: str
) -> None:
    with environment(leads | {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}):
        iam = client("iam", region)
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:{partition}:iam::444455556666:root"}}
        document = json.dumps({"Version": "2012-10-17", "Statement": [{**trust, "Action": "sts:AssumeRole"}]})
        made = iam.create_role(RoleName=f"role-{partition}", AssumeRolePolicyDocument=document)["Role"]
        assert made["Arn"] == f"arn:{partition}:iam::111122223333:role/role-{partition}"
        vendor = client("sts", region, **root(account="444455556666"))
        assert vendor.get_caller_identity()["Arn"] == f"arn:{partition}:iam::444455556666:root"
        with pytest.raises(ClientError):
            vendor.assume_role(RoleArn=made["Arn"].replace(partition, "aws"), RoleSessionName="me")
        topic = client("sns", region).create_topic(Name="alarms")["TopicArn"]
        assert topic == f"arn:{partition}:sns:{region}:111122223333:alarms"
        assert client("sns", region).get_topic_attributes(TopicArn=topic)["Attributes"]["TopicArn"] == topic


def test_an_object_in_a_bucket_stays_as_it_was_put(leads: dict[str, str], tmp_path: Path) -> None:
    text = b"arn:aws:iam::111122223333:role/x and arn:aws-cn:iam::111122223333:role/x"
    with environment(leads | {"AWS_REGION": "cn-north-1"}):
        s3 = client("s3", "cn-north-1")
        s3.create_bucket(Bucket="objects-cn", CreateBucketConfiguration={"LocationConstraint": "cn-north-1"})
        s3.put_object(Bucket="objects-cn", Key="a", Body=text)
        assert s3.get_object(Bucket="objects-cn", Key="a")["Body"].read() == text


def test_a_user_of_the_partition_signs_as_everybody(leads: dict[str, str]) -> None:
    """The text of the request is changed after its signature was checked, and MiniStack checks again."""
    with environment(leads):
        iam = client("iam", "cn-north-1")
        iam.create_user(UserName="li")
        arn = "arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:*"
        allow = {"Effect": "Allow", "Action": "secretsmanager:DescribeSecret", "Resource": arn}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        iam.put_user_policy(UserName="li", PolicyName="p", PolicyDocument=document)
        key = iam.create_access_key(UserName="li")["AccessKey"]
        keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        made = client("secretsmanager", "cn-north-1").create_secret(Name="s", SecretString="x")
        own = client("secretsmanager", "cn-north-1", **keys)
        assert own.describe_secret(SecretId=made["ARN"])["ARN"] == made["ARN"]
        wrong = client("secretsmanager", "cn-north-1", **{**keys, "aws_secret_access_key": "x" * 40})
        with pytest.raises(ClientError, match="signature"):
            wrong.describe_secret(SecretId=made["ARN"])
        with pytest.raises(ClientError, match="not authorized"):
            own.get_secret_value(SecretId=made["ARN"])
