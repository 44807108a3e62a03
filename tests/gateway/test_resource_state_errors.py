"""KMS and Secrets Manager about a key or a secret disabled or to be deleted: the state, and what restores it."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from generator.errors import AwsError
from generator.gateway.translate import translated

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


def raised(code: str, text: str) -> AwsError:
    answer = {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    with pytest.raises(AwsError) as caught, translated("s", "O", {"SecretId": SECRET}):
        raise ClientError(answer, "O")  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize(("code", "text", "state", "command"), TEXTS)
def test_the_state_and_what_restores_it(code: str, text: str, state: str, command: str) -> None:
    error = raised(code, text)
    assert (error.code, error.aws_code) == ("resource-state", code)
    assert state in error.message and command in error.hint and not error.denied


@pytest.mark.parametrize(("code", "text"), OTHERS)
def test_another_refusal_of_that_code_is_none(code: str, text: str) -> None:
    assert raised(code, text).code == "aws"
