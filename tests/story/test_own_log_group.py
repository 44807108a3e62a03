"""Shells are logged in a log group of the customer's choice: looked at first, and never with the evidence in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from generator.errors import AwsError
from generator.gateway.kms import KMS
from generator.model.resource_state import KeyState
from tests.embedded import PLACE, VENDOR_ROLE, Deployer

OWN = "/aws/ssm/cell-1/cluster"
LOG_GROUP = "--log-group"
GRANT = ("access", "grant", "--principal", VENDOR_ROLE, "--for", "8h", "--reason", "T-1", "--yes", "--output", "json")


def _make(name: str = OWN, **options: str) -> None:
    boto3.client("logs").create_log_group(logGroupName=name, **options)


def _key() -> str:
    return str(boto3.client("kms").create_key()["KeyMetadata"]["Arn"])


def _disabled() -> str:
    key = _key()
    boto3.client("kms").disable_key(KeyId=key)
    return key


def _pending() -> str:
    key = _key()
    boto3.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    return key


def _streams(group: str) -> set[str]:
    answer = boto3.client("logs").describe_log_streams(logGroupName=group)
    return {stream["logStreamName"] for stream in answer["logStreams"]}


@pytest.mark.parametrize(
    ("name", "make", "code", "says"),
    [
        (OWN, lambda: None, 3, "not there: no shell would be logged"),
        (OWN, _make, 3, "without a key: Session Manager would start no shell"),
        (OWN, lambda: _make(logGroupClass="INFREQUENT_ACCESS", kmsKeyId=_key()), 3, "of the class INFREQUENT_ACCESS"),
        (OWN, lambda: _make(kmsKeyId=_disabled()), 3, "which is disabled: no shell would be logged"),
        (OWN, lambda: _make(kmsKeyId=_pending()), 3, "which is pending deletion (on "),
        ("other-KeeperLogGroup-1A2B3C", lambda: None, 3, "could write to the record of revocations"),
        ("two words", lambda: None, 2, "'two words' is not the name of a log group."),
    ],
    ids=["absent", "without a key", "infrequent access", "key disabled", "key pending deletion", "evidence", "no name"],
)
def test_a_log_group_in_which_no_shell_would_be_logged_is_refused_and_nothing_is_made(
    name: str, make: Callable[[], None], code: int, says: str, deployer: Deployer
) -> None:
    make()
    ran = deployer("up", *PLACE, LOG_GROUP, name, "--yes", "--output", "json")
    assert ran.code == code and says in ran.error["message"], ran.error
    assert deployer.gateway.cloudformation.find_stack(deployer.stack_name) is None


def test_shells_are_logged_there_and_the_record_of_a_revocation_is_not(deployer: Deployer) -> None:
    _make(kmsKeyId=_key())
    deployer.create(LOG_GROUP, OWN)
    assert deployer.outputs["SessionLogGroupName"] == OWN
    granted = deployer(*GRANT, "--probe")
    assert granted.code == 0, granted.error
    shells = _streams(OWN)
    assert len(shells) == 1
    deployer("access", "revoke", "--all", "--yes")
    assert _streams(OWN) == shells
    ids = deployer.physical_ids()
    assert "revocations" in _streams(ids["KeeperLogGroup"])


def test_nobody_is_let_in_while_it_is_gone_and_the_stacks_own_can_be_had_again(deployer: Deployer) -> None:
    _make(kmsKeyId=_key())
    deployer.create(LOG_GROUP, OWN)
    boto3.client("logs").delete_log_group(logGroupName=OWN)
    refused = deployer(*GRANT)
    assert (refused.code, refused.error["code"]) == (3, "unlogged") and OWN in refused.error["message"]
    assert deployer("up", LOG_GROUP, "", "--yes").code == 0
    assert deployer.outputs["SessionLogGroupName"].startswith(f"{deployer.stack_name}-SessionLogGroup-")
    assert deployer(*GRANT).code == 0


def test_nobody_is_let_in_while_its_key_cannot_be_used_or_not_be_asked(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = _key()
    _make(kmsKeyId=key)
    deployer.create(LOG_GROUP, OWN)
    assert "resources" in _doctor(deployer)
    boto3.client("kms").disable_key(KeyId=key)
    refused = deployer(*GRANT)
    assert (refused.code, refused.error["code"]) == (3, "unlogged"), refused.error
    assert f"{key}, which is disabled" in refused.error["message"] and "enable-key" in refused.error["hint"]
    row = _doctor(deployer)[f"log group {OWN}"]
    assert row["verdict"] == "missing" and "which is disabled" in row["answer"], row
    boto3.client("kms").enable_key(KeyId=key)
    with monkeypatch.context() as patch:
        patch.setattr("generator.gateway.kms.KMS.describe_key", _denied_for(key))
        assert deployer(*GRANT).code != 0
        assert _doctor(deployer)["session log group"]["verdict"] == "unknown"
    assert deployer(*GRANT).code == 0


def test_the_stacks_own_group_is_looked_at_while_another_is_used(deployer: Deployer) -> None:
    _make(kmsKeyId=_key())
    deployer.create(LOG_GROUP, OWN)
    own = deployer.physical_ids()["SessionLogGroup"]
    boto3.client("logs").delete_log_group(logGroupName=own)
    row = _doctor(deployer)[f"session log group {own}"]
    assert (row["verdict"], row["answer"]) == ("missing", "deleted: an update that touches it is rolled back")
    refused = deployer("up", "--session-log-retention-days", "400", "--yes", "--output", "json")
    assert refused.code == 3 and f"session log group {own} is deleted" in refused.error["message"], refused.error
    restore = refused.error["hint"]
    assert f"create-log-group --log-group-name {own} --kms-key-id" in restore
    boto3.client("logs").create_log_group(logGroupName=own, kmsKeyId=deployer.outputs["StackKeyArn"])
    assert deployer("up", "--session-log-retention-days", "400", "--yes").code == 0


def test_an_upgrade_and_a_flip_keep_it(deployer: Deployer) -> None:
    _make(kmsKeyId=_key())
    deployer.create(LOG_GROUP, OWN)
    for change in (("upgrade",), ("up", "--support-user=no"), ("up", "--support-user=yes")):
        done = deployer(*change, "--yes")
        assert done.code == 0, done.err
        assert deployer.outputs["SessionLogGroupName"] == OWN
        assert deployer.gateway.cloudformation.describe_stack(deployer.stack_name).parameters["LogGroup"] == OWN
        assert "session log group, " in _doctor(deployer)["resources"]["answer"]


def _doctor(deployer: Deployer) -> dict[str, Any]:
    return {row["subject"]: row for row in deployer("doctor", "--output", "json").result}


def _denied_for(key: str) -> Callable[..., KeyState]:
    def describe(self: KMS, asked: str) -> KeyState:
        if asked == key:
            raise AwsError("No.", operation="DescribeKey", aws_code="AccessDeniedException")
        return KeyState("Enabled")

    return describe
