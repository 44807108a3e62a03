"""Policies that AWS would not take: refused before a change set is made, and by the sandbox where nobody asked."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from generator.model.policy_size import Quota
from generator.operations.stack import policy_room
from generator.template import policy_sizes
from tests.embedded import PLACE, VENDOR_ROLE, Deployer

PRINCIPAL = (
    "arn:aws:iam::444455556666:role/aws-reserved/sso.amazonaws.com/eu-west-1/"
    "AWSReservedSSO_Support{:02}_0123456789abcdef"
)


def people(number: int) -> list[str]:
    return [word for each in range(number) for word in ("--principal", PRINCIPAL.format(each))]


def change_sets(deployer: Deployer) -> list[str]:
    listed = deployer.gateway.client("cloudformation").list_change_sets(StackName=deployer.stack_name)["Summaries"]
    return [each["ChangeSetId"] for each in listed]


def test_a_grant_that_fills_the_roles_trust_is_refused_and_nothing_changes(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployer.create("--support-role=yes")
    before = change_sets(deployer)
    refused = deployer("access", "grant", *people(20), "--for", "8h", "--yes")
    assert refused.code == 3, refused.err
    assert "SupportRole would have 2,7" in refused.err and "AWS takes 2,048, so nothing was changed." in refused.err
    assert "in the trust policy of a role" in refused.err and ":root" in refused.err
    assert change_sets(deployer) == before
    assert deployer("access", "grant", *people(20), "--for", "8h", "--yes", "--plan").code == 3

    monkeypatch.setattr(policy_room, "require_room", Mock())
    failed = deployer("access", "grant", *people(20), "--for", "8h", "--yes")
    assert failed.code == 1 and "UPDATE_ROLLBACK_COMPLETE: SupportRole" in failed.err
    assert "Cannot exceed quota for ACLSizePerRole: 2048" in failed.err and "Service Quotas" in failed.err


def test_a_grant_leaves_room_for_a_pause(deployer: Deployer) -> None:
    """With one more the trust policy has 2,019 characters; the time from which sessions count needs 67."""
    deployer.create("--support-role=yes")
    refused = deployer("access", "grant", *people(14), "--principal", VENDOR_ROLE, "--plan")
    assert refused.code == 3 and "SupportRole would have 2,086" in refused.err, refused.err
    assert deployer("access", "grant", *people(14), "--for", "8h", "--yes").code == 0
    paused = deployer("access", "pause", "--yes")
    assert paused.code == 0, paused.err + paused.out


def test_a_long_grant_by_the_secret_stays_off_the_role(deployer: Deployer) -> None:
    deployer.create()
    assert deployer("access", "grant", *people(20), "--for", "8h", "--yes").code == 0
    assert deployer.up("--support-role=yes").code == 0, "it opens nothing, so the role trusts nobody"
    refused = deployer("access", "grant", *people(20), "--via", "all", "--for", "8h", "--yes")
    assert refused.code == 3 and "SupportRole would have" in refused.err, refused.err
    assert deployer("access", "revoke", "--all", "--yes").code == 0, "what takes away is never held against it"


def test_an_upgrade_and_a_creation_are_held_against_it_too(
    published: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = Quota("in all inline policies of a user", 1_000)
    monkeypatch.setitem(policy_sizes.INLINE, "Users", short)
    for refused in (published.upgrade(), Deployer("another").up(*PLACE)):
        assert refused.code == 3 and "SupportUserPolicy would have 1,9" in refused.err, refused.err
    assert Deployer("another")("status").code == 4
