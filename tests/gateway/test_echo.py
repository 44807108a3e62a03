"""What AWS repeats of an invalid request: a short name stays, a template or what may be a secret does not."""

import pytest
from botocore.exceptions import ClientError

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


def test_a_short_name_is_repeated() -> None:
    text = shown("my host", "instanceName")
    assert "Value 'my host' at 'instanceName'" in text
    assert "Value 'x y' at 'roleName'" in text
