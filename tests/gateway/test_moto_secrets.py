"""The gateway's Secrets Manager, KMS and Logs in front of moto: a second opinion on policies and states."""

from __future__ import annotations

import json
from typing import Any

import pytest

from generator.errors import AwsError, NotFound
from generator.gateway.aws import Gateway
from generator.model.policy import Policy, parse_policy

SHARE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Grant",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
            "Action": "secretsmanager:GetSecretValue",
            "Resource": "*",
            "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::444455556666:role/x*"}},
        }
    ],
}


@pytest.fixture
def secret(moto_gateway: Gateway) -> str:
    made = moto_gateway.client("secretsmanager").create_secret(Name="deepsql/support", SecretString='{"a": "b"}')
    return str(made["ARN"])


def test_a_secrets_policy_is_put_read_and_taken_away(secret: str, moto_gateway: Gateway) -> None:
    secrets = moto_gateway.secretsmanager
    assert secrets.get_resource_policy(secret) == Policy()
    secrets.put_resource_policy(secret, SHARE)
    assert secrets.get_resource_policy(secret) == parse_policy(SHARE)
    assert json.loads(secrets.get_resource_policy_text("deepsql/support")) == SHARE
    secrets.delete_resource_policy(secret)
    assert secrets.get_resource_policy_text(secret) == ""


def test_a_secret_that_is_to_be_deleted_does_not_exist_and_says_when(secret: str, moto_gateway: Gateway) -> None:
    secrets = moto_gateway.secretsmanager
    assert secrets.secret_exists(secret) and secrets.get_secret_value(secret) == '{"a": "b"}'
    assert list(secrets.describe_secret(secret).stages.values()) == [("AWSCURRENT",)]
    moto_gateway.client("secretsmanager").delete_secret(SecretId=secret, RecoveryWindowInDays=7)
    assert not secrets.secret_exists(secret) and secrets.describe_secret(secret).deleted
    with pytest.raises(AwsError, match="marked"):  # not NotFound: it can be restored, with its policy
        secrets.get_secret_value(secret)


def test_a_secret_without_a_value_is_not_found_and_a_binary_one_is_empty(moto_gateway: Gateway) -> None:
    client = moto_gateway.client("secretsmanager")
    client.create_secret(Name="empty")
    client.create_secret(Name="binary", SecretBinary=b"\0")
    with pytest.raises(NotFound):
        moto_gateway.secretsmanager.get_secret_value("empty")
    assert moto_gateway.secretsmanager.get_secret_value("binary") == ""


@pytest.mark.parametrize(
    "ask", ["describe_secret", "get_secret_value", "get_resource_policy", "delete_resource_policy"]
)
def test_a_secret_that_never_was_is_not_found(ask: str, moto_gateway: Gateway) -> None:
    with pytest.raises(NotFound, match="can't find"):
        getattr(moto_gateway.secretsmanager, ask)("nothing")
    assert not moto_gateway.secretsmanager.secret_exists("nothing")


@pytest.fixture
def key(moto_gateway: Gateway) -> str:
    return str(moto_gateway.client("kms").create_key()["KeyMetadata"]["KeyId"])


def test_a_keys_policy_is_there_from_the_beginning_and_comes_back_as_put(key: str, moto_gateway: Gateway) -> None:
    kms = moto_gateway.kms
    [statement] = kms.get_key_policy(key).statements
    assert "kms:*" in json.dumps(kms.get_key_policy_document(key)) and statement.effect == "Allow"
    kms.put_key_policy(key, SHARE)
    assert kms.get_key_policy_document(key) == SHARE and kms.get_key_policy(key) == parse_policy(SHARE)
    arn = moto_gateway.client("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    assert kms.get_key_policy_document(arn) == SHARE


def test_a_keys_state_is_kms_own_word(key: str, moto_gateway: Gateway) -> None:
    client = moto_gateway.client("kms")
    assert moto_gateway.kms.describe_key(key).state == "Enabled"
    client.disable_key(KeyId=key)
    assert moto_gateway.kms.describe_key(key).state == "Disabled"
    client.schedule_key_deletion(KeyId=key)
    assert moto_gateway.kms.describe_key(key).state == "PendingDeletion"
    for ask in (moto_gateway.kms.describe_key, moto_gateway.kms.get_key_policy_text):
        with pytest.raises(NotFound):
            ask("00000000-0000-0000-0000-000000000000")


def test_a_data_key_opens_under_its_context_alone(key: str, moto_gateway: Gateway) -> None:
    clear, encrypted = moto_gateway.kms.generate_data_key(key, {"aws:ssm:SessionId": "s"})
    client = moto_gateway.client("kms")
    assert len(clear) == 64
    assert client.decrypt(CiphertextBlob=encrypted, EncryptionContext={"aws:ssm:SessionId": "s"})["Plaintext"] == clear
    with pytest.raises(client.exceptions.InvalidCiphertextException):
        client.decrypt(CiphertextBlob=encrypted, EncryptionContext={"aws:ssm:SessionId": "t"})


def test_a_log_group_is_found_by_its_whole_name(moto_gateway: Gateway) -> None:
    client = moto_gateway.client("logs")
    for name in ("/deepsql/sessions-1", "/deepsql/sessions-10"):
        client.create_log_group(logGroupName=name)
    assert moto_gateway.logs.find_log_group("/deepsql/sessions") is None  # a prefix of both
    client.put_retention_policy(logGroupName="/deepsql/sessions-1", retentionInDays=90)
    found = moto_gateway.logs.find_log_group("/deepsql/sessions-1")
    assert found and found.retention_days == 90 and ":log-group:/deepsql/sessions-1" in found.arn


def test_the_lines_of_a_stream_are_counted_and_a_missing_one_is_not_found(moto_gateway: Gateway) -> None:
    client: Any = moto_gateway.client("logs")
    client.create_log_group(logGroupName="g")
    client.create_log_stream(logGroupName="g", logStreamName="s")
    assert moto_gateway.logs.count_events("g", "s") == 0
    now = 1_800_000_000_000
    client.put_log_events(logGroupName="g", logStreamName="s", logEvents=[{"timestamp": now, "message": "x"}] * 3)
    for group, stream in (("g", "nothing"), ("nothing", "s")):
        with pytest.raises(NotFound):
            moto_gateway.logs.count_events(group, stream)
