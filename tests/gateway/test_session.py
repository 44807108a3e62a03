"""The way to AWS: which region is asked, and what is said when nothing can be asked at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, TokenRetrievalError
from botocore.parsers import ResponseParserError

from generator.errors import DeployerError, StackNotFound, UsageError
from generator.gateway.aws import Gateway
from generator.gateway.cloudformation import CloudFormation
from generator.gateway.cloudformation_errors import stack_not_found
from generator.gateway.translate import translated
from generator.model.deployment import Deployment


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    config = tmp_path / "config"
    config.write_text("[profile work]\nregion = eu-west-3\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")


@pytest.mark.parametrize(
    ("option", "variables", "region"),
    [
        (None, {"AWS_REGION": "eu-north-1"}, "eu-north-1"),
        (None, {"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "us-west-2"}, "eu-north-1"),
        (None, {"AWS_DEFAULT_REGION": "us-west-2"}, "us-west-2"),
        (None, {}, "eu-west-3"),
        ("ap-south-1", {"AWS_REGION": "eu-north-1"}, "ap-south-1"),
    ],
)
def test_the_region_is_the_one_the_aws_cli_would_ask(
    option: str | None, variables: dict[str, str], region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    gateway = Gateway(Deployment(profile="work", region=option))
    assert gateway.region == region
    assert gateway.client("ec2").meta.region_name == region


@pytest.mark.parametrize(
    ("deployment", "code", "named"),
    [
        (Deployment(profile="nope"), "profile-not-found", "There is no profile nope in your AWS config."),
        (Deployment(), "no-region", "No AWS region is set."),
        (Deployment(region="us east"), "invalid-region", "us east cannot be the name of an AWS region."),
    ],
)
def test_what_is_wrong_on_this_computer_is_named(deployment: Deployment, code: str, named: str) -> None:
    with pytest.raises(DeployerError) as caught:
        Gateway(deployment).client("ec2")
    assert (caught.value.code, caught.value.message) == (code, named)
    assert caught.value.hint


CONFIG = """
[sso-session corp]
sso_region = eu-west-3
sso_start_url = https://corp.example.com/start
[profile corp]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Admin
region = eu-west-3
[profile half]
aws_access_key_id = AKIAEXAMPLE
region = eu-west-3
[profile process]
credential_process = sh -c 'echo The secret is gone. >&2; exit 1'
region = eu-west-3
[profile chain]
role_arn = arn:aws:iam::111122223333:role/x
source_profile = gone
region = eu-west-3
"""


@pytest.mark.parametrize(
    ("profile", "code", "said", "hint"),
    [
        ("corp", "sso", "You are not signed in", "aws sso login"),
        ("half", "partial-credentials", "aws_secret_access_key is missing", "both halves"),
        ("process", "credential-retrieval", "process of profile process ended with exit code 1.", "credential_process"),
        ("chain", "invalid-config", '"gone" referenced in the profile "chain" does not exist.', "~/.aws/config"),
    ],
)
def test_credentials_that_do_not_come_are_told_with_the_way_to_them(
    profile: str, code: str, said: str, hint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(CONFIG)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(DeployerError) as caught:
        Gateway(Deployment(profile=profile)).sts.get_caller_arn()
    assert caught.value.code == code
    assert said in caught.value.message and ".." not in caught.value.message and hint in caught.value.hint


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_an_empty_profile_is_told_as_that(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv(variable, "")
    with pytest.raises(DeployerError) as caught:
        Gateway(Deployment(region="eu-west-3")).client("ec2")
    assert (caught.value.code, "is set to nothing" in caught.value.message) == ("profile-not-found", True)
    assert "no reason" not in caught.value.message and f"unset {variable}" in caught.value.hint

    with pytest.raises(DeployerError) as caught:
        monkeypatch.delenv(variable)
        Gateway(Deployment(region="eu-west-3", profile="")).client("ec2")
    assert "that was given has an empty name" in caught.value.message and "AWS_" not in caught.value.message


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "InvalidSignatureException"])
def test_a_secret_key_that_does_not_fit_its_id_says_so(code: str) -> None:
    refused = ClientError({"Error": {"Code": code, "Message": "The request signature does not match."}}, "DescribeVpcs")
    with pytest.raises(DeployerError) as caught, translated("ec2", "DescribeVpcs", {}):
        raise refused
    assert "secret access key is not that key ID's" in caught.value.hint
    late = "Signature expired: 20261130T000000Z is now earlier than 20261130T001000Z"
    with pytest.raises(DeployerError) as caught, translated("ec2", "DescribeVpcs", {}):
        raise ClientError({"Error": {"Code": code, "Message": late}}, "DescribeVpcs")
    assert "clock" in caught.value.hint


def test_an_expired_token_that_cannot_be_renewed_says_to_sign_in() -> None:
    with pytest.raises(DeployerError) as caught, translated("ec2", "DescribeVpcs", {}):
        raise TokenRetrievalError(provider="sso", error_msg="Token has expired and refresh failed")
    assert caught.value.message == "The SSO session has expired." and "aws sso login" in caught.value.hint


def test_an_answer_of_something_else_is_no_defect() -> None:
    """A web server under AWS_ENDPOINT_URL, or the sign-in page of a hotel."""
    with pytest.raises(DeployerError, match="is not AWS") as caught, translated("ec2", "DescribeVpcs", {}):
        raise ResponseParserError("Unable to parse response (syntax error), invalid XML received.")
    assert caught.value.code == "not-aws" and "AWS_ENDPOINT_URL" in caught.value.hint


def test_an_endpoint_without_a_scheme_is_no_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "127.0.0.1:4566")
    with pytest.raises(UsageError, match="4566"):
        Gateway(Deployment(profile="work")).client("ec2")


def test_a_missing_stack_is_named_with_its_region_and_the_command_that_makes_it() -> None:
    error = stack_not_found("deepsql-test", "eu-west-3")
    assert isinstance(error, StackNotFound)
    assert error.message == "There is no stack deepsql-test in eu-west-3 of this account."
    assert error.hint.endswith("deployer up --stack-name deepsql-test --region eu-west-3")
    assert stack_not_found("deepsql-selfhost", "").hint.endswith("deployer up --stack-name deepsql-selfhost")


def test_an_impossible_stack_name_is_told_in_our_words(stubbed: Any) -> None:
    client, stub = stubbed.client("cloudformation")
    text = "1 validation error detected: Value 'a b' at 'stackName' failed to satisfy constraint: Member must …"
    stub.add_client_error("describe_stacks", "ValidationError", text)
    with pytest.raises(UsageError, match=r"a b cannot be the name of a stack\."):
        CloudFormation(client).describe_stack("a b")


def test_all_clients_come_from_one_session_and_say_whose_they_are() -> None:
    gateway = Gateway(Deployment(profile="work"))
    agents = {gateway.client(service).meta.config.user_agent for service in ("ec2", "iam")}
    assert len(agents) == 1 and "Boto3/" in min(agents) and "deepsql-deployer/" in min(agents)


@pytest.mark.parametrize(
    ("variables", "config", "endpoint"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "", "http://127.0.0.1:1"),
        (
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_IAM": "http://127.0.0.1:2"},
            "",
            "http://127.0.0.1:2",
        ),
        ({}, "endpoint_url = http://127.0.0.1:3", "http://127.0.0.1:3"),
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, "", "https://iam-fips.amazonaws.com"),
        (
            {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
            "",
            "https://iam.amazonaws.com",
        ),
    ],
)
def test_the_endpoint_is_the_one_the_standard_chain_names(
    variables: dict[str, str], config: str, endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(f"[profile work]\nregion = eu-west-3\n{config}\n")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Gateway(Deployment(profile="work")).client("iam").meta.endpoint_url == endpoint
