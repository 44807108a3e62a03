"""The vendor's side: the key on demand, and which policy is missing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.session import Session

from generator.errors import DeployerError, UsageError
from generator.gateway.aws import Gateway
from generator.model.command_line import CommandLine
from generator.model.vendor import RequiredPolicy as Policy
from generator.model.vendor import check_key_arn, parse_secret_arn
from generator.operations.clock import Clock
from generator.operations.vendor_side.check import explained, for_the_customer, identity_policy
from generator.operations.vendor_side.credentials import from_secret
from tests.embedded import VENDOR_ROLE as SUPPORT
from tests.embedded import Deployer

SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:deepsql/support/x-AbCdEf"


@pytest.fixture
def shared(deployer: Deployer, stack: dict[str, str]) -> str:
    """The ARN of a secret that the vendor's role may read."""
    deployer("access", "resume", "--yes")
    assert deployer("access", "grant", "--principal", SUPPORT, "--yes").code == 0
    return stack["SupportSecretArn"]


def test_an_sdk_takes_its_credentials_from_the_secret(shared: str, deployer: Deployer, stack: dict[str, str]) -> None:
    ran = deployer("vendor", "credentials", "--secret-id", shared, "--profile", "vendor")
    envelope = ran.result
    assert set(envelope) == {"Version", "AccessKeyId", "SecretAccessKey", "Expiration"} and envelope["Version"] == 1
    keys = {
        "aws_access_key_id": envelope["AccessKeyId"],
        "aws_secret_access_key": envelope["SecretAccessKey"],
    }
    arn = Session().create_client("sts", **keys).get_caller_identity()["Arn"]
    assert arn.endswith(f"user/{stack['SupportUserName']}")


@pytest.mark.parametrize("name", ["nope-AbCdEf", "deepsql/support/x-GhIjKl"])
def test_a_secret_that_is_not_there_is_named_with_whom_to_ask(name: str, deployer: Deployer) -> None:
    arn = f"arn:aws:secretsmanager:{os.environ['AWS_REGION']}:111122223333:secret:{name}"
    ran = deployer("vendor", "credentials", "--secret-id", arn)
    assert (ran.code, ran.error["message"]) == (4, f"There is no secret {arn}.")
    assert "ask the customer for SupportSecretArn" in ran.error["hint"]


def test_the_printed_profile_works_as_it_stands(
    shared: str, deployer: Deployer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    lines = deployer("vendor", "profile", "--secret-id", shared, "--profile", "vendor").result["config"]
    bin_path = str(Path(sys.executable).parent)
    config = tmp_path / "config"
    config.write_text(Path(os.environ["AWS_CONFIG_FILE"]).read_text() + "\n" + "\n".join(lines) + "\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("PATH", f"{bin_path}:/usr/bin:/bin")
    identity = Session(profile="deepsql-support").create_client("sts").get_caller_identity()
    assert ":user/" in identity["Arn"]


@pytest.mark.parametrize("bad", ["x\ncredential_process = /tmp/x", "x\rregion = y", "x\x1b[2J"])
def test_a_confirmed_value_adds_no_line_to_the_profile(bad: str, deployer: Deployer) -> None:
    role = ("--role-arn", "arn:aws:iam::111122223333:role/x", "--region", "eu-west-1")
    for argv in ((*role, "--external-id", bad), ("--secret-id", SECRET, "--name", bad)):
        refused = deployer("vendor", "profile", *argv)
        assert refused.code == 2 and refused.error["code"] == "profile"


ROLE = "arn:aws:iam::111122223333:role/support"


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        ("credentials", "usage", "--secret-id ARN, or --role-arn ARN"),
        (f"credentials --role-arn {ROLE}", "usage", "--session-name"),
        (f"credentials --role-arn {ROLE} --session-name j", "session-name", "2 to 64"),
        ("credentials --role-arn support --session-name jo", "role-arn", "deployer access confirm"),
        (f"profile --role-arn {ROLE}", "usage", "--region"),
        ("profile --role-arn support --region eu-west-1", "role-arn", "deployer access confirm"),
        (f"profile --role-arn {ROLE} --secret-id {SECRET}", "usage", "one of them"),
    ],
)
def test_what_is_missing_on_the_vendors_side_is_named(words: str, code: str, hint: str, deployer: Deployer) -> None:
    refused = deployer("vendor", *words.split())
    assert (refused.code, refused.error["code"]) == (2, code) and hint in refused.error["hint"]


def test_a_refusal_sends_the_vendor_to_what_tells_its_cause(shared: str, deployer: Deployer) -> None:
    refused = deployer("vendor", "credentials", "--secret-id", shared, "--profile", "stranger")
    assert refused.code == 1 and refused.error["hint"].endswith(
        f"deployer vendor check --region us-east-1 --profile stranger --secret-id {shared}"
    )
    refused = deployer("vendor", "credentials", "--role-arn", ROLE, "--session-name", "jo", "--profile", "stranger")
    assert refused.code == 1 and "sts:SetSourceIdentity" in refused.error["hint"]


def delete_keys(deployer: Deployer, stack: dict[str, str]) -> None:
    iam, user = Session().create_client("iam"), stack["SupportUserName"]
    for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])


def deactivate_keys(deployer: Deployer, stack: dict[str, str]) -> None:
    assert deployer("access", "pause", "--yes").code == 0


def no_key_in_the_secret(deployer: Deployer, stack: dict[str, str]) -> None:
    secrets = Session().create_client("secretsmanager")
    secrets.put_secret_value(SecretId=stack["SupportSecretArn"], SecretString="{}")


@pytest.mark.parametrize(
    ("act", "words", "hint"),
    [
        (deactivate_keys, "is dead: it is refused (InvalidClientTokenId)", "deployer access confirm"),
        (delete_keys, "is dead: it is refused (InvalidClientTokenId)", "deployer access confirm"),
        (no_key_in_the_secret, "holds no access key", "deployer access rotate"),
    ],
)
def test_a_key_that_opens_nothing_is_not_called_good(
    act: Callable[[Deployer, dict[str, str]], None],
    words: str,
    hint: str,
    shared: str,
    deployer: Deployer,
    stack: dict[str, str],
) -> None:
    asked = ("vendor", "check", "--secret-id", shared, "--profile", "vendor")
    works = deployer(*asked)
    assert works.code == 0 and works.result["usable"] and "in it works" in works.result["answer"]
    secrets, secret = Session().create_client("secretsmanager"), {"SecretId": stack["SupportSecretArn"]}
    before = secrets.get_secret_value(**secret)["SecretString"]
    act(deployer, stack)
    checked = deployer(*asked)
    secrets.put_secret_value(**secret, SecretString=before)
    assert checked.code == 3 and checked.result["readable"] and checked.result["usable"] is False
    assert words in checked.result["answer"] and hint in checked.result["hint"] and not checked.result["missing"]
    deployer("access", "resume", "--yes")
    assert deployer("access", "rotate", "--yes").code == 0


def test_check_names_what_is_missing(shared: str, deployer: Deployer) -> None:
    assert deployer("vendor", "check", "--secret-id", shared, "--profile", "vendor").result["readable"]
    stranger = deployer("vendor", "check", "--secret-id", shared, "--profile", "stranger")
    assert stranger.code == 3 and stranger.result["missing"] == [Policy.SECRET.value]


def test_check_tells_the_keys_policy_apart(
    shared: str, deployer: Deployer, gateway: Gateway, stack: dict[str, str]
) -> None:
    document = gateway.kms.get_key_policy_document(stack["StackKeyArn"])
    kept = [s for s in document["Statement"] if s["Sid"] != "VendorDecryptViaSecretsManager"]  # type: ignore[attr-defined]
    gateway.kms.put_key_policy(stack["StackKeyArn"], {**document, "Statement": kept})
    try:
        words = ("vendor", "check", "--secret-id", shared, "--profile", "vendor", "--key-arn", stack["StackKeyArn"])
        assert deployer(*words).result["missing"] == [Policy.KEY.value, Policy.IDENTITY.value]
    finally:
        gateway.kms.put_key_policy(stack["StackKeyArn"], document)


def test_the_policy_for_the_vendors_side_names_the_secret_and_the_key(deployer: Deployer) -> None:
    key = "arn:aws:kms:eu-west-1:111122223333:key/1234"
    document = deployer("vendor", "identity-policy", "--secret-id", SECRET, "--key-arn", key).result
    assert [s["Resource"] for s in document["Statement"]] == [SECRET, key]


@pytest.mark.parametrize(
    ("answer", "own_kms", "missing"),
    [
        (
            "… because no identity-based policy allows the secretsmanager:GetSecretValue action",
            "",
            {Policy.IDENTITY},
        ),
        (
            "… because no resource-based policy allows the secretsmanager:GetSecretValue action",
            "",
            {Policy.SECRET},
        ),
        ("Access to KMS is not allowed", "", {Policy.KEY, Policy.IDENTITY}),
        ("Access to KMS is not allowed", "allowed", {Policy.KEY}),
        ("Access to KMS is not allowed", "implicitDeny", {Policy.IDENTITY}),
        ("… if you encrypt the secret with the default KMS service key.", "", {Policy.KEY}),
        ("something new", "", {Policy.SECRET, Policy.IDENTITY}),
    ],
)
def test_awss_words_point_at_a_policy(answer: str, own_kms: str, missing: set[Policy]) -> None:
    ours = identity_policy(SECRET, "")
    found, hint = explained(answer, own_kms, ours)
    assert set(found) == missing and hint
    assert (ours in hint) == (missing == {Policy.IDENTITY} or "Access to KMS" in answer), hint


@pytest.mark.parametrize(
    "text", ["deepsql/support/x", SECRET[:-7], "arn:aws:s3:::b", "", SECRET + "?", SECRET.replace("111122223333", "1")]
)
def test_a_part_of_an_arn_finds_nothing_across_accounts(text: str) -> None:
    with pytest.raises(UsageError):
        parse_secret_arn(text)


def test_an_alias_is_no_key_arn() -> None:
    with pytest.raises(UsageError):
        check_key_arn("arn:aws:kms:us-east-1:111122223333:alias/x")


@pytest.mark.parametrize(
    "value",
    [
        *("not json", "{}", '{"AccessKeyId": "AKIA"}', "[]", "[" * 100_000, "null"),
        *('{"AccessKeyId": 5, "SecretAccessKey": "x"}', '{"AccessKeyId": "AKIA", "SecretAccessKey": ["x"]}'),
        '{"AccessKeyId": "AKIA\\n", "SecretAccessKey": "x"}',
    ],
)
def test_a_secret_without_a_key_is_said_and_not_shown(value: str) -> None:
    class Secrets:
        def get_secret_value(self, arn: str) -> str:
            return value

    class Fake:
        secretsmanager = Secrets()

    with pytest.raises(DeployerError) as caught:
        from_secret(Fake(), parse_secret_arn(SECRET))  # type: ignore[arg-type]
    assert caught.value.code == "no-key" and "AKIA" not in caught.value.message


def test_the_envelope_makes_sdks_ask_again_also_where_sts_cannot_be_asked_about_the_key() -> None:
    class Secrets:
        def get_secret_value(self, arn: str) -> str:
            return json.dumps({"AccessKeyId": "AKIA", "SecretAccessKey": "s"})

    class Fake:
        secretsmanager = Secrets()

        def sts_as(self, pair: object) -> object:
            raise DeployerError("No route to STS.")

    now = datetime(2026, 12, 1, tzinfo=UTC)
    envelope = from_secret(Fake(), parse_secret_arn(SECRET), Clock(now=lambda: now))  # type: ignore[arg-type]
    assert envelope["Expiration"] == (now + timedelta(minutes=15)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("profile", ["vendor", "p q", "it's"])
def test_what_is_sent_to_the_customer_has_no_profile_of_supports(profile: str) -> None:
    enable = CommandLine("", "eu-west-1", profile).aws("kms", "enable-key", "--key-id", "k")
    sent = for_the_customer(f"Restore it with: {enable}")
    assert sent.endswith("Send this to the customer: Restore it with: aws kms enable-key --key-id k --region eu-west-1")
