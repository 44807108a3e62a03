"""KMS and Secrets Manager about a key or a secret disabled or to be deleted: the state, and what restores it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from generator.errors import AwsError
from generator.gateway.concerned import remember_commands
from generator.gateway.translate import translated
from generator.model.command_line import CommandLine

KEY = "arn:aws:kms:eu-west-1:111122223333:key/41af9679-22fd-4c20-9bd6-f3826b317af6"
SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:s-SupportCredentialsSecret-x-AbCdEf"
MARKED = "You can't perform this operation on the secret because it was {} for deletion."
TEXTS = [
    (
        "DisabledException",
        f"{KEY} is disabled.",
        "is disabled",
        f"enable-key --key-id {KEY} --region eu-west-1",
    ),
    ("KMSInvalidStateException", f"{KEY} is pending deletion.", "is pending deletion", "aws kms cancel-key-deletion"),
    ("InvalidRequestException", MARKED.format("marked"), "is scheduled for deletion", "restore-secret --secret-id arn"),
    ("InvalidRequestException", MARKED.format("scheduled"), "is scheduled for deletion", "restore-secret"),
    ("DecryptionFailure", "Secrets Manager can't decrypt", "is disabled, pending deletion or gone", "deployer doctor"),
]
OTHERS = [
    ("InvalidRequestException", "A previous rotation isn't complete."),
    ("KMSInvalidStateException", f"{KEY} is pending import."),
]


def raised(code: str, text: str, **params: str) -> AwsError:
    answer = {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    with pytest.raises(AwsError) as caught, translated("s", "O", params or {"SecretId": SECRET}):
        raise ClientError(answer, "O")  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize(("code", "text", "state", "command"), TEXTS)
def test_the_state_and_what_restores_it(code: str, text: str, state: str, command: str) -> None:
    error = raised(code, text)
    assert (error.code, error.aws_code) == ("resource-state", code)
    assert state in error.message and command in error.hint and not error.denied


@pytest.mark.parametrize(("code", "text"), [row[:2] for row in TEXTS[:2]])
@pytest.mark.parametrize("params", [{"SecretId": SECRET}, {"KeyId": KEY}])
def test_only_a_key_of_a_secret_is_called_the_secrets(code: str, text: str, params: dict[str, str]) -> None:
    of_secret, of_any = "the secret cannot be read", "nothing can be encrypted, decrypted or signed with it"
    message = raised(code, text, **params).message
    assert (of_secret in message, of_any in message) == ("SecretId" in params, "KeyId" in params)


RDS_SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:rds!cluster-0a1b-AbCdEf"


@pytest.mark.parametrize("secret", [RDS_SECRET, RDS_SECRET.replace("rds!cluster-0a1b", "ours/database"), "plain-name"])
@pytest.mark.parametrize(("code", "text"), [row[:2] for row in TEXTS[:4]])
def test_a_secret_that_is_not_the_stacks_is_not_called_supports(code: str, text: str, secret: str) -> None:
    message = raised(code, text, SecretId=secret).message
    assert f"secret {secret} " in message and "support" not in message and "administrator" not in message


def test_what_restores_it_is_for_the_profile_and_the_sandbox_that_were_given() -> None:
    client = SimpleNamespace(meta=SimpleNamespace(region_name="eu-west-3", endpoint_url="http://127.0.0.1:1"))
    remember_commands(client, CommandLine("s", "eu-west-3", "p q", sandbox=True))
    answer = {"Error": {"Code": "DisabledException", "Message": f"{KEY} is disabled."}}
    with pytest.raises(AwsError) as caught, translated("s", "O", {"KeyId": KEY}, client):
        raise ClientError(answer, "O")  # type: ignore[arg-type]
    enable = f"aws kms enable-key --key-id {KEY} --region eu-west-1 --profile 'p q'"
    assert f'(eval "$(deployer sandbox env)" && {enable})' in caught.value.hint


@pytest.mark.parametrize(("code", "text"), OTHERS)
def test_another_refusal_of_that_code_is_none(code: str, text: str) -> None:
    assert raised(code, text).code == "aws"
