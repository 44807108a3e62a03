"""A flip opens nothing in passing, and says which access it leaves open; in every order, and whoever made the flip."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError
from botocore.session import Session as Aws

from generator.operations.access import key
from tests.embedded import VENDOR_ROLE, Deployer, Outcome
from tests.story.test_grant_parameters import recorded

ADMITTED, DENIED = "admitted", "AccessDenied"


def by_the_secret(deployer: Deployer) -> str:
    """What the granted vendor gets when it reads the secret and then uses the key: in, or AWS's refusal."""
    secrets = Aws(profile="vendor").create_client("secretsmanager")
    return _answer(lambda: secrets.get_secret_value(SecretId=deployer.outputs["SupportSecretArn"]))


def by_the_role(deployer: Deployer) -> str:
    """What the granted vendor gets when it assumes the role."""
    outputs, sts = deployer.outputs, Aws(profile="vendor").create_client("sts")
    asked = {"RoleArn": outputs["SupportRoleArn"], "ExternalId": outputs["SupportRoleExternalId"]}
    return _answer(lambda: sts.assume_role(RoleSessionName="ada", **asked))


def _answer(ask: Callable[[], object]) -> str:
    try:
        ask()
    except ClientError as error:
        return str(error.response["Error"]["Code"]).removesuffix("Exception")
    return ADMITTED


def grant(deployer: Deployer, *more: str) -> None:
    ran = deployer("access", "grant", "--principal", VENDOR_ROLE, *more, "--yes")
    assert ran.code == 0, ran.err


def said(outcome: Outcome, text: str) -> bool:
    """Whether it is in the plan that was shown, and in the result; a plan alone is the result."""
    shown = "change_set" in outcome.result or f"NOTE  {text}" in outcome.err
    return shown and any(note.startswith(text) for note in outcome.result["notes"])


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize(("removed_by", "made_by"), [("up", "up"), ("up", "the console"), ("the console", "up")])
def test_a_user_that_comes_back_admits_nobody(deployer: Deployer, paused: bool, removed_by: str, made_by: str) -> None:
    deployer.create()
    grant(deployer)
    if paused:
        assert deployer("access", "pause", "--yes").code == 0
    assert (by_the_secret(deployer) == ADMITTED) or paused
    if removed_by == "up":
        ran = deployer.up("--support-user=no", "--output", "json")
        assert ran.code == 0 and said(ran, f"The grant to {VENDOR_ROLE} ends with this"), ran.err
        assert not recorded(deployer).principals
    else:
        deployer.update_outside(CreateSupportUser="No")
    if made_by == "up":
        assert deployer.up("--support-user=yes").code == 0
    else:
        deployer.update_outside(CreateSupportUser="Yes")
    assert by_the_secret(deployer) == DENIED
    if paused:  # the stack's record says so yet, and a grant does not undo a deliberate pause
        assert deployer("access", "resume", "--yes").code == 0
    grant(deployer)
    assert by_the_secret(deployer) == ADMITTED


def test_a_user_that_leaves_and_comes_back_in_the_console_has_the_grant_of_its_parameters(deployer: Deployer) -> None:
    """Nothing of this program runs in between: whoever changes the parameters sees the grant's beside them."""
    deployer.create()
    grant(deployer)
    deployer.update_outside(CreateSupportUser="No")
    deployer.update_outside(CreateSupportUser="Yes")
    assert recorded(deployer).principals and by_the_secret(deployer) == ADMITTED


def test_a_role_that_comes_beside_the_user_admits_nobody(deployer: Deployer) -> None:
    deployer.create()
    grant(deployer)
    ran = deployer.up("--support-role=yes", "--output", "json")
    assert ran.code == 0 and said(ran, f"{VENDOR_ROLE}: access by the secret alone"), ran.err
    assert (by_the_role(deployer), by_the_secret(deployer)) == (DENIED, ADMITTED)
    grant(deployer, "--via", "all")
    assert by_the_role(deployer) == by_the_secret(deployer) == ADMITTED


def test_a_role_in_the_place_of_the_user_admits_nobody(deployer: Deployer) -> None:
    deployer.create()
    grant(deployer)
    ran = deployer.up("--support-role=yes", "--support-user=no", "--output", "json")
    assert ran.code == 0 and said(ran, f"The grant to {VENDOR_ROLE} ends with this"), ran.err
    assert by_the_role(deployer) == DENIED


def test_a_user_beside_a_paused_role_opens_nothing(deployer: Deployer) -> None:
    deployer.create("--support-user=no", "--support-role=yes")
    grant(deployer)
    assert deployer("access", "pause", "--yes").code == 0
    assert deployer.up("--support-user=yes").code == 0
    assert (by_the_role(deployer), by_the_secret(deployer)) == (DENIED, DENIED)


def test_without_the_user_the_role_stays_open_and_it_is_said_with_the_command_that_closes_it(
    deployer: Deployer,
) -> None:
    deployer.create("--support-role=yes")
    grant(deployer, "--for", "8h")
    stays = f"Access by the support role stays open to {VENDOR_ROLE}, until {recorded(deployer).until_text}"
    planned = deployer("up", "--support-user=no", "--plan", "--output", "json")
    assert said(planned, stays)
    ran = deployer.up("--support-user=no", "--output", "json")
    assert ran.code == 0 and said(ran, stays) and by_the_role(deployer) == ADMITTED
    assert ran.err.count(f"NOTE  {stays}") == 2, "before the question, and after the events"
    again = deployer.up("--support-user=no", "--output", "json")
    assert "nothing to change" in again.err and said(again, stays)
    (note,) = (note for note in again.result["notes"] if note.startswith(stays))
    assert deployer(*note.partition("deployer ")[2].split()[:3], "--yes").code == 0
    assert by_the_role(deployer) == DENIED
    assert deployer.up("--support-user=no", "--output", "json").result["notes"] == []


def test_without_the_role_the_key_stays_and_it_is_said(deployer: Deployer) -> None:
    deployer.create("--support-role=yes")
    grant(deployer)
    readable = f"Access by the support user's key stays open and {VENDOR_ROLE} may read it, until"
    assert said(deployer("up", "--support-role=no", "--plan", "--output", "json"), readable)
    grant(deployer, "--via", "role")
    ran = deployer.up("--support-role=no", "--output", "json")
    assert [n for n in ran.result["notes"] if "stays open" in n] == [], "with its last path the grant ended"
    assert ran.code == 0 and by_the_secret(deployer) == DENIED


@pytest.mark.parametrize(
    ("before", "flip"),
    [
        (("grant", "--via", "secret", "--principal", VENDOR_ROLE), "--support-user=no"),
        (("pause",), "--support-user=no"),
        (("pause",), "--support-role=no"),
        (("revoke", "--all"), "--support-user=no"),
        (("revoke", "--all"), "--support-role=no"),
    ],
)
def test_of_what_is_closed_nothing_is_said(deployer: Deployer, before: tuple[str, ...], flip: str) -> None:
    deployer.create("--support-role=yes")
    grant(deployer)
    assert deployer("access", *before, "--yes").code == 0
    assert "stays open" not in deployer("up", flip, "--plan").out


def test_a_paused_user_is_paused_under_its_new_name_too(deployer: Deployer) -> None:
    deployer.create("--support-user-name", f"{deployer.stack_name}-a")
    grant(deployer)
    assert deployer("access", "pause", "--yes").code == 0
    renamed = f"{deployer.stack_name}-b"
    assert deployer.up("--support-user-name", renamed).code == 0
    assert [found.active for found in key.list_keys(deployer.gateway, renamed)] == [False]
    assert deployer("access", "resume", "--yes").code == 0
    assert [found.active for found in key.list_keys(deployer.gateway, renamed)] == [True]


@pytest.mark.parametrize("verb", [("pause",), ("revoke", "--all")])
def test_an_upgrade_of_a_closed_stack_opens_nothing(deployer: Deployer, verb: tuple[str, ...]) -> None:
    deployer.create("--support-role=yes")
    grant(deployer)
    assert deployer("access", *verb, "--yes").code == 0
    assert deployer.up("--support-ports", "3035,5432", "--session-log-retention-days", "30").code == 0
    assert deployer.upgrade().code == 0
    assert by_the_role(deployer) == DENIED
    assert not [found for found in key.list_keys(deployer.gateway, deployer.outputs["SupportUserName"]) if found.active]
