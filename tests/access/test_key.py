"""pause, resume, rotate, confirm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from generator.gateway.aws import Gateway
from tests.embedded import VENDOR_ROLE as SUPPORT
from tests.embedded import Deployer


@pytest.fixture
def granted(deployer: Deployer) -> Deployer:
    deployer("access", "resume", "--yes")
    assert deployer("access", "grant", "--principal", SUPPORT, "--reason", "T-7", "--yes").code == 0
    return deployer


def statuses(ran: Any) -> dict[str, str]:
    return {key["key_id"]: key["status"] for key in ran.result["keys"]}


def test_a_rotated_key_works_and_the_old_one_is_refused(granted: Deployer, reads: Callable[[str], str]) -> None:
    old = reads("vendor")
    ran = granted("access", "rotate", "--every", "30d", "--yes")
    new = reads("vendor")
    assert ran.code == 0 and new != old
    assert (statuses(ran)[old], statuses(ran)[new]) == ("Inactive", "Active")
    assert {check["answer"] for check in ran.result["checks"]} >= {"InvalidClientTokenId"}


@pytest.mark.parametrize("every", [(), ("--every", "30d")])
def test_a_rotation_is_planned_and_asked_about_before_anything_changes(
    granted: Deployer, reads: Callable[[str], str], every: tuple[str, ...]
) -> None:
    old = reads("vendor")
    plan = granted("access", "rotate", *every, "--plan")
    assert (plan.code, plan.result["key_id"], plan.result["every_days"]) == (0, old, 30 if every else 0)
    asked = granted("access", "rotate", *every)
    assert (asked.code, asked.error["code"]) == (2, "needs-yes") and old in asked.err
    assert "Rotate the support key of the stack" in asked.error["message"]
    assert reads("vendor") == old and statuses(granted("access", "resume", "--yes"))[old] == "Active"


def test_the_plan_of_a_rotation_says_that_the_new_key_stays_paused(granted: Deployer) -> None:
    assert not granted("access", "rotate", "--plan").result["paused"]
    granted("access", "pause")
    assert granted("access", "rotate", "--plan").result["paused"]
    assert "inactive, as access is paused" in granted("access", "rotate").err


def test_a_schedule_is_whole_days(granted: Deployer) -> None:
    ran = granted("access", "rotate", "--every", "36h")
    assert (ran.code, ran.error["code"]) == (2, "schedule")


def test_a_paused_door_stays_shut_through_an_update_a_rotation_and_a_grant(
    granted: Deployer, reads: Callable[[str], str]
) -> None:
    assert granted("access", "pause").code == 0
    assert granted("up", "--support-ports", "3035,3036", "--yes").code == 0
    refused = granted("access", "grant", "--principal", f"{SUPPORT}-2", "--yes")
    assert (refused.code, refused.error["code"]) == (3, "paused")
    assert set(statuses(granted("access", "rotate", "--yes")).values()) == {"Inactive"}
    resumed = granted("access", "resume", "--yes")
    assert statuses(resumed)[reads("vendor")] == "Active" and resumed.code == 0


def test_resuming_after_a_revocation_says_that_the_key_is_gone(granted: Deployer) -> None:
    granted("access", "revoke", "--all", "--yes")
    ran = granted("access", "resume")  # nobody is asked about what cannot be done
    assert (ran.code, ran.error["code"]) == (3, "no-key") and "access grant" in ran.error["hint"]


def test_a_pause_without_a_key_is_recorded_and_resuming_leaves_it(granted: Deployer) -> None:
    def paused() -> bool:
        return any(found["warning"] == "is paused" for found in granted("access", "show").result["findings"])

    granted("access", "revoke", "--all", "--yes")
    assert not paused() and granted("access", "pause").code == 0 and paused()
    rotated = granted("access", "rotate", "--yes")
    assert (rotated.code, rotated.error["code"]) == (3, "paused") and "access resume" in rotated.error["hint"]
    again = granted("access", "grant", "--principal", SUPPORT, "--yes")
    assert (again.code, again.error["code"]) == (3, "paused")
    resumed = granted("access", "resume", "--yes")
    assert resumed.code == 0 and not paused()
    assert any("the next grant makes one" in check["answer"] for check in resumed.result["checks"])
    assert granted("access", "grant", "--principal", SUPPORT, "--yes").code == 0


def test_a_dead_key_is_not_shown_as_if_it_worked(granted: Deployer, stack: dict[str, str]) -> None:
    vendor = ("vendor", "credentials", "--secret-id", stack["SupportSecretArn"], "--profile", "vendor")
    shows = ("access", "reveal", "--stdout")
    assert "is refused" not in granted(*shows).err and granted(*vendor).code == 0
    granted("access", "pause")
    assert "is inactive, as access is paused" in granted(*shows).err and "access resume" in granted(*shows).err
    refused = granted(*vendor)
    assert (refused.code, refused.error["code"]) == (3, "dead-key") and "InvalidClientTokenId" in refused.out
    granted("access", "resume", "--yes")
    granted("access", "revoke", "--all", "--yes")
    revealed = granted(*shows)
    assert revealed.code == 0 and "was deleted, as a revocation does" in revealed.err


@pytest.mark.parametrize(
    ("by_hand", "shown"),
    [("update_access_key", "is inactive"), ("delete_access_key", "was deleted")],
)
def test_a_key_that_a_person_switched_off_or_deleted_is_dead_too(
    by_hand: str, shown: str, granted: Deployer, stack: dict[str, str], gateway: Gateway
) -> None:
    user = stack["SupportUserName"]
    [key] = gateway.iam.list_access_keys(user)
    status = {"Status": "Inactive"} if by_hand == "update_access_key" else {}
    getattr(gateway.client("iam"), by_hand)(UserName=user, AccessKeyId=key.key_id, **status)
    revealed = granted("access", "reveal", "--stdout")
    assert shown in revealed.err, revealed.err
    refused = granted("vendor", "credentials", "--secret-id", stack["SupportSecretArn"], "--profile", "vendor")
    assert (refused.code, refused.error["code"]) == (3, "dead-key")


def test_the_ticket_says_what_the_vendor_asks_for(granted: Deployer, gateway: Gateway, stack: dict[str, str]) -> None:
    found = granted("access", "confirm", "--format", "text").result
    assert found["principals"] == [SUPPORT] and found["Reason"] == "T-7"
    assert found["Support user"] == stack["SupportUserName"] and "SSH user" not in found
    assert found["Open sessions"].endswith("; a shell lasts 60 minutes at most")
    assert (found["Secret ARN"], found["Session log group"]) == (
        stack["SupportSecretArn"],
        stack["SessionLogGroupName"],
    )
    for words, login in ((("--support-ssh", "yes"), "ec2-user"), (("--support-ssh-user", "jump"), "jump")):
        assert granted("up", *words, "--yes").code == 0
        assert granted("access", "confirm").result["SSH user"] == login
    granted("up", "--support-ssh", "no", "--support-ssh-user", "ec2-user", "--yes")
    granted("access", "revoke", "--all", "--yes")
    assert granted("access", "confirm").error["code"] == "no-grant"
