"""Decisions inside one account: variables, tags, boundaries, regions, keys, and documents refused at the door."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "111122223333"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: str | list[str], resource: str = "*", **condition: Any) -> dict[str, Any]:
    extra = {"Condition": condition} if condition else {}
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **extra}


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return f"{caught.value.response['Error']['Code']}: {caught.value.response['Error']['Message']}"


@pytest.fixture
def user(client: Any) -> Callable[..., Any]:
    """user(*statements) gives clients of a new IAM user with that policy."""

    def make(*statements: dict[str, Any], boundary: str = "") -> Any:
        name, iam = f"user-{uuid.uuid4().hex[:8]}", client("iam")
        iam.create_user(UserName=name, **({"PermissionsBoundary": boundary} if boundary else {}))
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(*statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return lambda service, region="us-east-1": client(service, keys=key, region=region)

    return make


@pytest.fixture(scope="module")
def instances(client: Any) -> tuple[str, str]:
    """Two running instances, the first with the tag."""
    made = client("ec2").run_instances(ImageId="ami-12345678", MinCount=2, MaxCount=2)["Instances"]
    first, second = (instance["InstanceId"] for instance in made)
    client("ec2").create_tags(Resources=[first], Tags=[{"Key": "deepsql:managed", "Value": "true"}])
    return first, second


@pytest.mark.parametrize("key", ["aws:ResourceTag/deepsql:managed", "ec2:ResourceTag/deepsql:managed"])
def test_a_tag_decides(user: Any, instances: tuple[str, str], key: str) -> None:
    ec2 = user(allow("ec2:StopInstances", StringEquals={key: "true"}))("ec2")
    assert ec2.stop_instances(InstanceIds=[instances[0]])["StoppingInstances"]
    assert refusal(ec2.stop_instances, InstanceIds=[instances[1]]).startswith("UnauthorizedOperation")


def test_a_describe_call_is_never_narrowed_to_one_instance(user: Any, instances: tuple[str, str]) -> None:
    arn = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/{instances[0]}"
    ec2 = user(allow("ec2:DescribeInstances", arn))("ec2")
    assert "on resource: *" in refusal(ec2.describe_instances, InstanceIds=[instances[0]])


def test_the_region_decides(user: Any) -> None:
    who = user(allow("ec2:DescribeInstances", StringEquals={"aws:RequestedRegion": "eu-west-1"}))
    assert who("ec2", "eu-west-1").describe_instances()["Reservations"] == []
    assert refusal(who("ec2").describe_instances).startswith("UnauthorizedOperation")


def test_a_boundary_cuts_what_the_policy_allows(client: Any, user: Any) -> None:
    name = f"boundary-{uuid.uuid4().hex[:8]}"
    policy = document(allow("ec2:*"), {**allow("ec2:DeleteVpc"), "Effect": "Deny"})
    boundary = client("iam").create_policy(PolicyName=name, PolicyDocument=policy)["Policy"]["Arn"]
    who = user(allow("*"), boundary=boundary)
    assert who("ec2").describe_instances()
    assert "no permissions boundary allows" in refusal(who("iam").list_users)
    assert "an explicit deny in a permissions boundary" in refusal(who("ec2").delete_vpc, VpcId="vpc-1")


def test_an_explicit_deny_is_named_as_one(user: Any) -> None:
    who = user(allow("*"), {**allow("iam:ListUsers"), "Effect": "Deny"})
    assert refusal(who("iam").list_users).endswith("with an explicit deny in an identity-based policy")


def test_a_session_policy_restricts_a_role(client: Any) -> None:
    trust = document({**allow("sts:AssumeRole"), "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}})
    trust = trust.replace(', "Resource": "*"', "")
    name = f"role-{uuid.uuid4().hex[:8]}"
    role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    client("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(allow("iam:*")))
    restricted = document(allow("ec2:*"))
    keys = client("sts").assume_role(RoleArn=role, RoleSessionName="ada", Policy=restricted)["Credentials"]
    assert "no session policy allows" in refusal(client("iam", keys=keys).list_users)


def test_inactive_unknown_and_forged_keys_are_refused(client: Any) -> None:
    iam, name = client("iam"), f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    identity = client("sts", keys=key).get_caller_identity
    assert identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/{name}"
    forged = client("sts", keys={**key, "SecretAccessKey": "wrong"})
    assert refusal(forged.get_caller_identity).startswith("SignatureDoesNotMatch")
    iam.update_access_key(UserName=name, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert refusal(identity).startswith("InvalidClientTokenId")
    unknown = client("ssm", keys={"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "x"})
    assert refusal(unknown.describe_sessions, State="Active").startswith("UnrecognizedClientException")


def test_an_external_id_decides_who_assumes(client: Any) -> None:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "444455556666"}}
    trust = document({**statement, "Condition": {"StringEquals": {"sts:ExternalId": "abc"}}})
    name = f"role-{uuid.uuid4().hex[:8]}"
    role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    assume = client("sts", "444455556666").assume_role
    assert refusal(assume, RoleArn=role, RoleSessionName="ada").startswith("AccessDenied")
    assert assume(RoleArn=role, RoleSessionName="ada", ExternalId="abc")["Credentials"]


def test_malformed_and_unknown_are_refused_before_they_are_stored(client: Any) -> None:
    iam, name = client("iam"), f"role-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    bad = document({**allow("ssm:StartSession"), "Condition": {"StringEqual": {"a": "b"}}})
    sentence = refusal(iam.put_user_policy, UserName=name, PolicyName="p", PolicyDocument=bad)
    assert sentence == "MalformedPolicyDocument: Invalid Condition type : StringEqual."
    ghost = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::444455556666:role/none"}}
    sentence = refusal(iam.create_role, RoleName=name, AssumeRolePolicyDocument=document(ghost))
    assert "Invalid principal in policy" in sentence
    resource = {**ghost, "Action": "kms:*", "Resource": "*"}
    assert "invalid principals" in refusal(client("kms").create_key, Policy=document(resource))


def test_secrets_manager_refuses_public_and_broken_policies(client: Any) -> None:
    secrets = client("secretsmanager")
    secret = secrets.create_secret(Name=f"s-{uuid.uuid4().hex[:8]}", SecretString="x")["ARN"]
    put, public = secrets.put_resource_policy, document({**allow("secretsmanager:GetSecretValue"), "Principal": "*"})
    assert refusal(put, SecretId=secret, ResourcePolicy=public, BlockPublicPolicy=True).startswith("PublicPolicy")
    assert refusal(put, SecretId=secret, ResourcePolicy="{").startswith("MalformedPolicyDocumentException")
    verdict = secrets.validate_resource_policy(SecretId=secret, ResourcePolicy=public)
    assert not verdict["PolicyValidationPassed"] and verdict["ValidationErrors"][0]["CheckName"] == "BROAD_ACCESS"
    assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId=secret)


def test_the_simulator_knows_context_and_names_what_is_missing(client: Any) -> None:
    iam = client("iam")
    policy = document(allow("ssm:StartSession", StringEquals={"ssm:resourceTag/deepsql:managed": "true"}))
    arn = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-1"
    ask = {"PolicyInputList": [policy], "ActionNames": ["ssm:StartSession"], "ResourceArns": [arn]}
    blind = iam.simulate_custom_policy(**ask)["EvaluationResults"][0]
    assert blind["EvalDecision"] == "implicitDeny"
    assert blind["MissingContextValues"] == ["ssm:resourceTag/deepsql:managed"]
    key = {
        "ContextKeyName": "ssm:resourceTag/deepsql:managed",
        "ContextKeyType": "string",
        "ContextKeyValues": ["true"],
    }
    assert iam.simulate_custom_policy(**ask, ContextEntries=[key])["EvaluationResults"][0]["EvalDecision"] == "allowed"


def test_the_simulator_reads_a_users_policies_and_boundary(client: Any, user: Any) -> None:
    iam, name = client("iam"), f"user-{uuid.uuid4().hex[:8]}"
    limit = document({**allow("iam:*"), "Effect": "Deny"}, allow("ssm:*"))
    boundary = iam.create_policy(PolicyName=name, PolicyDocument=limit)["Policy"]["Arn"]
    arn = iam.create_user(UserName=name, PermissionsBoundary=boundary)["User"]["Arn"]
    own = allow("ssm:TerminateSession", "arn:aws:ssm:*:*:session/${aws:username}-*")
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(own, allow("iam:ListUsers")))
    mine = f"arn:aws:ssm:us-east-1:{ACCOUNT}:session/{name}-0a"
    asked = iam.simulate_principal_policy(
        PolicySourceArn=arn, ActionNames=["ssm:TerminateSession", "iam:ListUsers"], ResourceArns=[mine, "*"]
    )["EvaluationResults"]
    assert [row["EvalDecision"] for row in asked] == ["allowed", "implicitDeny", "explicitDeny", "explicitDeny"]
