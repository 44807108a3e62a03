"""What AWS repeats of an invalid request: a short name stays, a template or what may be a secret does not."""

import pytest
from botocore.exceptions import ClientError

from generator.errors import AwsError
from generator.gateway.translate import translated

AFTER = " failed to satisfy constraint: Member must have length less than or equal to 64"


def shown(value: str, field: str, code: str = "ValidationException") -> str:
    message = f"2 validation errors detected: Value '{value}' at '{field}'{AFTER}; Value 'x y' at 'roleName'{AFTER}"
    with pytest.raises(Exception, match="constraint") as raised, translated("svc", "do_it", {}):
        raise ClientError({"Error": {"Code": code, "Message": message}}, "DoIt")
    return str(raised.value)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("Resources: 'canary'\n" + "  A: {}\n" * 9_000, "templateBody"),
        ("canary", "parameters.1.member.parameterValue"),
        ("canary", "secretString"),
        ("canary it's", "masterUserPassword"),
        ("canary", "externalToken"),
        ("canary" * 20, "description"),
    ],
)
@pytest.mark.parametrize("code", ["ValidationException", "ValidationError"])
def test_a_long_value_and_one_that_may_be_a_secret_are_not_repeated(value: str, field: str, code: str) -> None:
    text = shown(value, field, code)
    assert "canary" not in text
    assert f"The value at '{field}' failed to satisfy constraint" in text


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("SignatureDoesNotMatch", "Signature expired: 20261130T080000Z is now earlier than 20261130T085500Z"),
        (
            "InvalidSignatureException",
            "Signature not yet current: 20261130T100000Z is later than 20261130T090500Z",
        ),
        ("RequestExpired", "Request has expired."),
        ("RequestTimeTooSkewed", "The difference between the request time and the current time is too large."),
    ],
)
def test_a_clock_that_is_wrong_is_called_that(code: str, message: str) -> None:
    with pytest.raises(AwsError) as raised, translated("svc", "DoIt", {}):
        raise ClientError({"Error": {"Code": code, "Message": message}}, "DoIt")
    assert raised.value.hint.startswith("This computer's clock is not AWS's")


def test_a_short_name_is_repeated() -> None:
    text = shown("my host", "instanceName")
    assert "Value 'my host' at 'instanceName'" in text
    assert "Value 'x y' at 'roleName'" in text
