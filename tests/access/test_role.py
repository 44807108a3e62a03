"""The route by role: no key anywhere, the same verbs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import Session

from generator.gateway.aws import Gateway
from generator.model.deployment import Deployment
from generator.operations.access import revocation, revoke
from generator.operations.access.revocation import RevokeRequest
from tests.embedded import VENDOR_ROLE as SUPPORT
from tests.embedded import Deployer, environment

STACK = "by-role"


@pytest.fixture(scope="module")
def role_stack(sandbox_environment: dict[str, str]) -> dict[str, str]:
    """A stack with a support role and no support user."""
    with environment(sandbox_environment):
        made = Deployer(STACK)
        made.create("--support-user", "no", "--support-role", "yes")
        return made.outputs


@pytest.fixture
def call(role_stack: dict[str, str]) -> Deployer:
    return Deployer(STACK, "--output", "json")


@pytest.fixture
def granted(call: Deployer) -> Iterator[Deployer]:
    call("access", "resume", "--yes")
    ran = call("access", "grant", "--principal", SUPPORT, "--via", "role", "--reason", "T-2", "--yes")
    assert ran.code == 0, ran.err + ran.out
    yield call


def become(outputs: dict[str, str], profile: str = "vendor", **instead: str) -> Any:
    """Credentials of the role, or the code of AWS's refusal."""
    asked = {
        "RoleArn": outputs["SupportRoleArn"],
        "RoleSessionName": "ada",
        "ExternalId": outputs["SupportRoleExternalId"],
        **instead,
    }
    try:
        return Session(profile=profile).create_client("sts").assume_role(**asked)["Credentials"]
    except ClientError as error:
        return error.response["Error"]["Code"]


def shell(outputs: dict[str, str], credentials: Any) -> str:
    """A session's id, or the code of AWS's refusal."""
    keys = {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }
    asked = {"Target": outputs["InstanceId"], "DocumentName": outputs["ShellDocumentName"]}
    try:
        return str(Session().create_client("ssm", **keys).start_session(**asked)["SessionId"])
    except ClientError as error:
        return str(error.response["Error"]["Code"])


def test_who_says_the_external_id_gets_in_and_nobody_else(granted: Deployer, role_stack: dict[str, str]) -> None:
    assert shell(role_stack, become(role_stack)).startswith("ada-")
    assert become(role_stack, ExternalId="0" * 36) == become(role_stack, profile="stranger") == "AccessDenied"


def test_the_vendor_is_told_what_it_needs_and_its_credentials_end(
    granted: Deployer, role_stack: dict[str, str]
) -> None:
    told = granted("access", "confirm").result
    assert told["External ID"] == role_stack["SupportRoleExternalId"] and "Secret ARN" not in told
    route = ("--role-arn", told["Role ARN"], "--external-id", told["External ID"], "--session-name", "ada")
    envelope = granted("vendor", "credentials", *route, "--profile", "vendor").result
    assert envelope["SessionToken"] and envelope["Expiration"].endswith("Z")


def test_a_pause_shuts_the_role_at_once_and_no_update_opens_it(granted: Deployer, role_stack: dict[str, str]) -> None:
    credentials = become(role_stack)
    assert granted("access", "pause").code == 0
    assert become(role_stack) == "AccessDenied" and shell(role_stack, credentials) == "AccessDeniedException"
    assert granted("up", "--support-ports", "3035,3036", "--yes").code == 0
    assert become(role_stack) == "AccessDenied"
    assert granted("access", "grant", "--principal", SUPPORT, "--for", "9h", "--yes").error["code"] == "paused"
    assert granted("access", "resume", "--yes").code == 0
    assert shell(role_stack, become(role_stack)).startswith("ada-")


@pytest.mark.parametrize("steps", [2, 5, 99])
def test_after_a_revocation_stopped_anywhere_and_run_again_the_role_is_shut(
    steps: int, granted: Deployer, role_stack: dict[str, str]
) -> None:
    credentials = become(role_stack)
    session = shell(role_stack, credentials)
    gateway = Gateway(Deployment(stack_name=STACK))
    list(islice(revoke.run(revocation.begin(gateway, RevokeRequest(), lambda events: list(events) and None)), steps))
    ran = granted("access", "revoke", "--all", "--yes")
    assert ran.code == 0, ran.err
    assert become(role_stack) == "AccessDenied" and shell(role_stack, credentials) == "AccessDeniedException"
    assert session not in {found.session_id for found in gateway.ssm.list_sessions()}


def test_a_way_the_stack_does_not_have_is_named(call: Deployer, deployer: Deployer) -> None:
    assert (
        call("access", "grant", "--principal", SUPPORT, "--via", "secret", "--yes").error["code"] == "no-support-user"
    )
    assert (
        deployer("access", "grant", "--principal", SUPPORT, "--via", "role", "--yes").error["code"] == "no-support-role"
    )
