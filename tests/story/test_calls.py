"""How many calls each command makes: exact, and the same on every machine (docs/explanation/performance.md)."""

from collections import Counter

import pytest

from tests.api_calls import after_end, before_first, outside_polls, recorded, until_end
from tests.bench.goals import GOALS
from tests.embedded import PLACE, VENDOR_ROLE, Deployer


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operations called so far, in order."""
    return recorded(monkeypatch)


def test_create_takes_four_calls_and_two_for_its_policy_and_outputs(deployer: Deployer, calls: list[str]) -> None:
    deployer.create()
    once = ("DescribeStacks", "CreateChangeSet", "UpdateTerminationProtection", "ExecuteChangeSet")
    assert outside_polls(until_end(calls)) == dict.fromkeys(once, 1)
    assert list(after_end(calls)) == ["SetStackPolicy", "DescribeStacks"]


def test_a_plan_to_create_looks_at_the_routes_once(deployer: Deployer, calls: list[str]) -> None:
    """Its endpoints are looked at only where a subnet has no route."""
    assert deployer("up", *PLACE, "--plan").code == 0
    once = ("DescribeStacks", "CreateChangeSet", "DescribeRouteTables", "DeleteChangeSet", "DeleteStack")
    assert outside_polls(calls) == dict.fromkeys(once, 1)


def test_a_one_parameter_update_takes_three_one_for_what_it_changes_and_one_for_its_outputs(
    deployer: Deployer, calls: list[str]
) -> None:
    deployer.create()
    calls.clear()
    assert deployer.up("--session-log-retention-days", "30").code == 0
    once = ("DescribeStacks", "CreateChangeSet", "DescribeLogGroups", "ExecuteChangeSet")
    assert outside_polls(until_end(calls)) == dict.fromkeys(once, 1)
    assert list(after_end(calls)) == ["DescribeStacks"]


def test_nothing_to_do_takes_at_most_two_reads(deployer: Deployer, calls: list[str]) -> None:
    deployer.create()
    calls.clear()
    deployer.up()
    assert Counter(calls) == {"DescribeStacks": 1, "GetTemplate": 1}
    calls.clear()
    deployer.up("--support-user=yes")
    assert calls == ["DescribeStacks", "GetUser"]


AT_REST = {"DescribeKey": 1, "DescribeSecret": 1, "GetFunctionConfiguration": 1}
"""What nobody else says: whether somebody has disabled or deleted what access goes through."""


def test_an_upgrade_with_nothing_to_do_looks_besides_at_what_it_would_not_see(
    deployer: Deployer, calls: list[str]
) -> None:
    deployer.create()
    calls.clear()
    assert deployer.upgrade().code == 0
    assert Counter(calls) == {"DescribeStacks": 1, "GetTemplate": 1, "GetStackPolicy": 1, **AT_REST}


def test_reading_the_stack_takes_two(deployer: Deployer, calls: list[str]) -> None:
    deployer.create()
    calls.clear()
    deployer("status")
    assert Counter(calls) == {"DescribeStacks": 1, "ListStackResources": 1}


def test_a_refused_command_line_asks_nothing(deployer: Deployer, calls: list[str]) -> None:
    assert deployer.up(*PLACE, "--parameter", "Nonsense=1").code == 2
    assert deployer.up("--admin-password", "x" * 12).code == 2
    assert set(calls) <= {"DescribeStacks"}


def test_removing_the_support_user_is_verified_by_twelve_calls(deployer: Deployer, calls: list[str]) -> None:
    """Fewer would be no gain: seven ask whether it is gone, five what else lets support in."""
    deployer.create()
    calls.clear()
    assert deployer.up("--support-user=no").code == 0
    verified = ("GetUser", "ListAccessKeys", "DescribeSecret", "DescribeInstances", "DescribeStacks")
    remaining = ("GetAccountAuthorizationDetails", "GetKeyPolicy", "ListGrants", "ListStackResources")
    assert Counter(after_end(calls)) == {**dict.fromkeys((*verified, *remaining), 1), "DescribeSessions": 3}
    assert len(after_end(calls)) == GOALS["P12 flip"].must


def test_a_grant_asks_each_thing_once_and_reads_the_policies_again_after_its_update(
    deployer: Deployer, calls: list[str]
) -> None:
    deployer.create()
    words = ("access", "grant", "--principal", VENDOR_ROLE, "--for", "8h", "--reason", "T-1", "--yes")
    calls.clear()
    assert deployer(*words).code == 0
    made = outside_polls(calls)
    again = {"GetResourcePolicy", "GetKeyPolicy", "GetPolicyVersion", *OF_THE_USER}
    once = ("GetAccountAuthorizationDetails", "ListGroupsForUser", "ListSSHPublicKeys", "ListGrants", "GetLoginProfile")
    assert {name: made[name] for name in (*again, *once)} == {**dict.fromkeys(again, 2), **dict.fromkeys(once, 1)}
    assert made.total() == GOALS["P25 grant"].must
    calls.clear()
    assert deployer(*words).code == 0
    assert all(outside_polls(calls)[name] == 1 for name in again) and len(calls) == GOALS["P25 same"].must


OF_THE_USER = ("ListUserPolicies", "GetUserPolicy", "ListAttachedUserPolicies")


def test_a_revocation_deactivates_the_key_before_anything_else(deployer: Deployer, calls: list[str]) -> None:
    deployer.create()
    assert deployer("access", "grant", "--principal", VENDOR_ROLE, "--for", "8h", "--reason", "T-1", "--yes").code == 0
    calls.clear()
    assert deployer("access", "revoke", "--all", "--yes").code == 0
    assert list(before_first("UpdateAccessKey", calls)) == ["DescribeStacks", "GetSecretValue", "ListAccessKeys"]
    assert outside_polls(calls).total() == GOALS["P24 report"].must
