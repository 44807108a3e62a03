"""The verbs of access, against botocore's own models."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from generator.errors import AwsError, NotFound
from generator.gateway.iam import IAM
from generator.gateway.kms import KMS
from generator.gateway.secretsmanager import SecretsManager
from generator.gateway.ssm import SSM
from generator.gateway.sts import STS
from generator.model.access import AccessKey
from generator.model.policy import Policy

NOW = datetime(2026, 12, 1, tzinfo=UTC)
ARN = "arn:aws:secretsmanager:us-east-1:111122223333:secret:s-AbCdEf"
POLICY = {"Version": "2012-10-17", "Statement": [{"Sid": "S", "Effect": "Allow", "Action": "a:b", "Resource": "*"}]}
KEY = AccessKey("AKIAIOSFODNN7EXAMPLE", "u", "Active")


def test_a_users_inline_policies_are_read_one_by_one(stubbed: Any) -> None:
    client, stub = stubbed.client("iam")
    stub.add_response("list_user_policies", {"PolicyNames": ["p"]}, {"UserName": "u"})
    answer = {"UserName": "u", "PolicyName": "p", "PolicyDocument": json.dumps(POLICY)}
    stub.add_response("get_user_policy", answer, {"UserName": "u", "PolicyName": "p"})
    assert IAM(client).user_policies("u")["p"].statements[0].sid == "S"


@pytest.mark.parametrize("kind", ["user", "role"])
def test_of_an_attached_policy_the_default_version_counts(kind: str, stubbed: Any) -> None:
    client, stub = stubbed.client("iam")
    arn = "arn:aws:iam::111122223333:policy/p"
    listed = {"AttachedPolicies": [{"PolicyName": "p", "PolicyArn": arn}]}
    stub.add_response(f"list_attached_{kind}_policies", listed, {f"{kind.title()}Name": "x"})
    stub.add_response("get_policy", {"Policy": {"DefaultVersionId": "v3"}}, {"PolicyArn": arn})
    version = {"PolicyVersion": {"Document": json.dumps(POLICY)}}
    stub.add_response("get_policy_version", version, {"PolicyArn": arn, "VersionId": "v3"})
    iam = IAM(client)
    found = iam.attached_user_policies("x") if kind == "user" else iam.attached_role_policies("x")
    assert [s.sid for s in found[arn].statements] == ["S"] and found[arn].arn == arn


@pytest.mark.parametrize(("service", "shown"), [("N/A", ""), ("ssm", "ssm")])
def test_a_keys_last_use_is_added_and_never_is_never(service: str, shown: str, stubbed: Any) -> None:
    client, stub = stubbed.client("iam")
    used = {"ServiceName": service, "Region": "N/A", **({"LastUsedDate": NOW} if shown else {})}
    stub.add_response("get_access_key_last_used", {"UserName": "u", "AccessKeyLastUsed": used})
    found = IAM(client).get_access_key_last_used(KEY)
    assert (found.last_service, found.last_used) == (shown, NOW if shown else None)


def test_deleting_a_key_that_is_gone_is_no_error_but_switching_it_is(stubbed: Any) -> None:
    client, stub = stubbed.client("iam")
    stub.add_client_error("delete_access_key", "NoSuchEntity")
    stub.add_client_error("update_access_key", "NoSuchEntity")
    IAM(client).delete_access_key(KEY)
    with pytest.raises(NotFound):
        IAM(client).update_access_key(KEY, active=False)


def test_each_role_comes_with_whom_it_trusts_what_it_may_and_what_was_not_said(stubbed: Any) -> None:
    client, stub = stubbed.client("iam")
    ours, aws = "arn:aws:iam::111122223333:policy/ours", "arn:aws:iam::aws:policy/SomethingNewer"
    role = {
        "RoleName": "r",
        "Arn": "arn:aws:iam::111122223333:role/r",
        "AssumeRolePolicyDocument": json.dumps(POLICY),
        "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": json.dumps(POLICY)}],
        "AttachedManagedPolicies": [{"PolicyName": n, "PolicyArn": arn} for n, arn in (("o", ours), ("s", aws))],
        "PermissionsBoundary": {"PermissionsBoundaryArn": ours},
    }
    versions = [
        {"Document": "{}", "VersionId": "v1", "IsDefaultVersion": False},
        {"Document": json.dumps(POLICY), "VersionId": "v2", "IsDefaultVersion": True},
    ]
    policies = [{"PolicyName": "ours", "Arn": ours, "PolicyVersionList": versions}]
    asked = {"Filter": ["Role", "LocalManagedPolicy", "AWSManagedPolicy"], "MaxItems": 1000}
    answer = {"RoleDetailList": [role], "Policies": policies}
    stub.add_response("get_account_authorization_details", answer, asked)
    [found] = IAM(client).list_account_roles()
    assert [len(policy.statements) for policy in found.policies] == [1, 1, 0] and found.policies[2].problems
    assert found.boundary and found.boundary.statements and found.trust.statements


def test_a_secret_without_a_policy_has_no_statements(stubbed: Any) -> None:
    client, stub = stubbed.client("secretsmanager")
    stub.add_response("get_resource_policy", {"ARN": ARN, "Name": "s"}, {"SecretId": ARN})
    stub.add_response("get_resource_policy", {"ARN": ARN, "Name": "s", "ResourcePolicy": json.dumps(POLICY)})
    assert SecretsManager(client).get_resource_policy(ARN) == Policy()
    assert SecretsManager(client).get_resource_policy(ARN).statements[0].sid == "S"


def test_a_secrets_policy_is_never_put_without_blocking_the_public(stubbed: Any) -> None:
    client, stub = stubbed.client("secretsmanager")
    expected = {"SecretId": ARN, "ResourcePolicy": json.dumps(POLICY), "BlockPublicPolicy": True}
    stub.add_response("put_resource_policy", {"ARN": ARN, "Name": "s"}, expected)
    SecretsManager(client).put_resource_policy(ARN, POLICY)


def test_a_secret_is_described_with_its_versions_by_stage(stubbed: Any) -> None:
    client, stub = stubbed.client("secretsmanager")
    raw = {
        "ARN": ARN,
        "VersionIdsToStages": {"v" * 32: ["AWSCURRENT"]},
        "RotationRules": {"AutomaticallyAfterDays": 30},
    }
    stub.add_response("describe_secret", raw)
    found = SecretsManager(client).describe_secret(ARN)
    assert (found.version("AWSCURRENT"), found.version("AWSPENDING"), found.rotation_days) == ("v" * 32, "", 30)


def test_a_keys_policy_is_the_one_called_default(stubbed: Any) -> None:
    client, stub = stubbed.client("kms")
    stub.add_response("get_key_policy", {"Policy": json.dumps(POLICY)}, {"KeyId": "k", "PolicyName": "default"})
    assert KMS(client).get_key_policy("k").statements[0].sid == "S"


def test_live_sessions_are_asked_for_one_instance(stubbed: Any) -> None:
    client, stub = stubbed.client("ssm")
    raw = {"SessionId": "u-1", "Target": "i-1", "Status": "Connected", "Owner": "arn", "StartDate": NOW}
    expected = {"State": "Active", "MaxResults": 200, "Filters": [{"key": "Target", "value": "i-1"}]}
    stub.add_response("describe_sessions", {"Sessions": [raw]}, expected)
    assert SSM(client).list_sessions(target="i-1")[0].session_id == "u-1"


def test_a_dead_key_is_refused_by_name(stubbed: Any) -> None:
    client, stub = stubbed.client("sts")
    stub.add_client_error("get_caller_identity", "InvalidClientTokenId", "The security token is invalid.")
    with pytest.raises(AwsError) as caught:
        STS(client).get_caller_arn()
    assert caught.value.aws_code == "InvalidClientTokenId"
