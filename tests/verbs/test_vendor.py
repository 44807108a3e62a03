"""The vendor's verbs read, and write nothing: not to AWS, and not to this computer."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from generator.errors import NotFound, UsageError
from generator.gateway.aws import Gateway
from generator.model.vendor import RoleSession, parse_secret_arn
from generator.operations.vendor_side.check import check
from generator.operations.vendor_side.credentials import credentials
from generator.operations.vendor_side.profile import identity_policy, profile
from tests.verbs.conftest import NotingCaller

ROLE = RoleSession("arn:aws:iam::111122223333:role/support", "an-external-id")


def test_they_take_the_key_from_the_secret_and_say_when_it_is_gone(
    gateway: Gateway, caller: NotingCaller, create: Callable[..., None]
) -> None:
    create()
    outputs = gateway.cloudformation.describe_stack(gateway.deployment.stack_name).outputs
    secret = parse_secret_arn(outputs["SupportSecretArn"])
    caller.journal.clear()
    assert credentials(gateway, secret)["AccessKeyId"] in gateway.secretsmanager.get_secret_value(secret.text)
    assert check(gateway, secret).readable and caller.journal == []
    assert secret.text in json.dumps(identity_policy(secret, outputs["StackKeyArn"]))

    absent = parse_secret_arn(secret.text[:-6] + "Absent")
    assert not check(gateway, absent).readable
    with pytest.raises(NotFound):
        credentials(gateway, absent)


def test_a_profile_fetches_by_the_secret_or_assumes_the_role() -> None:
    lines = profile("customer", ROLE, "eu-west-1", None)
    assert lines[0] == "[profile customer]" and f"role_arn = {ROLE.role_arn}" in lines
    assert "source_profile = default" in lines and not any("credential_process" in line for line in lines)
    with pytest.raises(UsageError, match="cannot hold the line"):
        profile("customer", RoleSession(ROLE.role_arn, "x\ncredential_process = y"), "eu-west-1", None)
