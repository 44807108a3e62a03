"""The support secret's value, put by hand or of a key that is gone: who reads it says so; one command restores it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.session import Session

from generator.operations.access.secret_value import parse_secret
from tests.embedded import VENDOR_ROLE, Deployer

GRANT = ("access", "grant", "--principal", VENDOR_ROLE, "--for", "1h", "--yes")
CHECK, ROTATE, RESUME = ("vendor", "check", "--profile", "vendor"), ("access", "rotate", "--yes"), ("access", "resume")
NOT_WRITTEN = "not what the stack's function wrote: it holds no access key, so whoever reads it has no access"
GONE = "which does not exist any more: whoever reads it has no access"
KEY, CANARY = "AKIAIOSFODNN7EXAMPLE", "hunter2canary"


def value(**fields: object) -> dict[str, object]:
    return {"SecretString": json.dumps({"AccessKeyId": KEY, "SecretAccessKey": CANARY, **fields})}


BY_HAND: dict[str, dict[str, object]] = {
    "no JSON": {"SecretString": CANARY},
    "an empty object": {"SecretString": "{}"},
    "a list": {"SecretString": f'["{CANARY}"]'},
    "nested too deeply": {"SecretString": "[" * 20_000},
    "other types": value(AccessKeyId=1, SecretAccessKey=None),
    "a line end": value(AccessKeyId=f"{KEY}\n"),
    "a line end in the secret half": value(SecretAccessKey=f"{CANARY}\n"),
    "the halves the wrong way round": value(AccessKeyId=CANARY, SecretAccessKey=KEY),
    "bytes": {"SecretBinary": b"\xff\x00"},
}


def client(service: str) -> Any:
    return Session().create_client(service)


def put(deployer: Deployer, given: dict[str, object]) -> None:
    client("secretsmanager").put_secret_value(SecretId=deployer.outputs["SupportSecretArn"], **given)


def keys(deployer: Deployer) -> dict[str, str]:
    listed = client("iam").list_access_keys(UserName=deployer.outputs["SupportUserName"])["AccessKeyMetadata"]
    return {key["AccessKeyId"]: key["Status"] for key in listed}


def says_everywhere(deployer: Deployer, words: str) -> None:
    """Each verb that reads the value says it with the command, and nothing is changed."""
    before, checked = keys(deployer), (*CHECK, "--secret-id", deployer.outputs["SupportSecretArn"])
    for verb in (("doctor",), (*RESUME, "--yes")):
        done = deployer(*verb)
        said = " ".join((done.out + done.err).split())
        assert done.code == 3, (verb, done)
        assert said.count("deployer access rotate") == 1 and CANARY not in said, (verb, said)
        assert words in said, (verb, said)
    vendor = deployer(*checked)
    assert vendor.code == 3 and CANARY not in vendor.out + vendor.err, vendor
    assert keys(deployer) == before


@pytest.mark.parametrize("name", BY_HAND)
def test_a_value_put_by_hand_is_named_by_those_who_read_it_and_restored_by_a_rotation(
    name: str, deployer: Deployer
) -> None:
    assert deployer(*GRANT).code == 0
    put(deployer, BY_HAND[name])
    says_everywhere(deployer, NOT_WRITTEN)
    vendor = deployer(*CHECK, "--secret-id", deployer.outputs["SupportSecretArn"])
    assert NOT_WRITTEN in " ".join((vendor.out + vendor.err).split())
    assert deployer(*ROTATE).code == 0
    assert (deployer("access", "confirm").code, "Active" in keys(deployer).values()) == (0, True)
    assert NOT_WRITTEN not in deployer("doctor").out


def test_who_reports_or_grants_does_not_read_the_secret(deployer: Deployer) -> None:
    assert deployer(*GRANT).code == 0
    before = last_read_of_the_secret()
    for verb in (("access", "show"), ("access", "confirm"), (*GRANT, "--reason", "T-2")):
        assert deployer(*verb).code == 0, verb
    assert last_read_of_the_secret() == before
    assert deployer("doctor").code == 0 and last_read_of_the_secret() != before


def last_read_of_the_secret() -> list[str]:
    name = {"AttributeKey": "EventName", "AttributeValue": "GetSecretValue"}
    events = client("cloudtrail").lookup_events(LookupAttributes=[name], MaxResults=1)["Events"]
    return [event["EventId"] for event in events]


@pytest.mark.parametrize("name", ["no JSON", "an empty object", "bytes"])
def test_while_paused_a_rotation_keeps_the_pause_and_resuming_works_after_it(name: str, deployer: Deployer) -> None:
    assert deployer(*GRANT).code == 0 and deployer("access", "pause").code == 0
    put(deployer, BY_HAND[name])
    refused = deployer(*RESUME, "--yes")
    assert refused.code == 3 and "Nothing was resumed." in refused.err and "access rotate" in refused.err
    assert deployer(*ROTATE).code == 0 and set(keys(deployer).values()) == {"Inactive"}
    assert deployer(*RESUME, "--yes").code == 0 and "Active" in keys(deployer).values()
    assert deployer(*GRANT).code == 0


def delete_key(deployer: Deployer) -> None:
    user = deployer.outputs["SupportUserName"]
    for key_id in keys(deployer):
        client("iam").delete_access_key(UserName=user, AccessKeyId=key_id)


def replace_key(deployer: Deployer) -> None:
    delete_key(deployer)
    client("iam").create_access_key(UserName=deployer.outputs["SupportUserName"])


@pytest.mark.parametrize("act", [delete_key, replace_key])
def test_a_key_that_is_gone_is_said_as_that(act: Callable[[Deployer], None], deployer: Deployer) -> None:
    assert deployer(*GRANT).code == 0
    act(deployer)
    says_everywhere(deployer, GONE)
    assert deployer(*ROTATE).code == 0 and deployer("access", "confirm").code == 0


def test_what_the_next_grant_writes_is_no_fault(deployer: Deployer) -> None:
    """Nobody is let in and the user has no key, as after a revocation."""
    delete_key(deployer)
    put(deployer, BY_HAND["no JSON"])
    assert "of the support secret arn" not in deployer("doctor").out
    assert deployer(*GRANT).code == 0 and deployer("access", "confirm").code == 0


def test_a_rotation_that_has_not_ended_is_said_at_once_with_what_ends_it(deployer: Deployer) -> None:
    secret = client("secretsmanager")
    arn, before = deployer.outputs["SupportSecretArn"], keys(deployer)
    waits = {"SecretId": arn, "SecretString": "{}", "VersionStages": ["AWSPENDING"]}
    secret.put_secret_value(**waits, ClientRequestToken="0" * 32)
    refused = deployer(*ROTATE)
    said = " ".join(refused.err.split())
    assert refused.code == 3 and "has not ended" in said and keys(deployer) == before, refused
    words = ("--version-stage AWSPENDING", f"--remove-from-version-id {'0' * 32}")
    assert "aws secretsmanager update-secret-version-stage" in said and all(each in said for each in words), said
    stage = {"VersionStage": "AWSPENDING", "RemoveFromVersionId": "0" * 32}
    secret.update_secret_version_stage(SecretId=arn, **stage)
    assert deployer(*ROTATE).code == 0


@pytest.mark.parametrize("key_id", [KEY, "A" * 16, "ASIA" + "7" * 124])
def test_what_aws_makes_is_a_key(key_id: str) -> None:
    text = json.dumps({"AccessKeyId": key_id, "SecretAccessKey": "a/b+C"})
    read = parse_secret(text)
    assert read is not None and read.key_id == key_id and "a/b+C" not in repr(read)
