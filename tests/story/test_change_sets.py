"""What a grant and a flip list in CloudFormation's change set: what they touch, with no echo of it elsewhere."""

from unittest.mock import Mock

import pytest

from generator.model.contract import GRANT_RESOURCES, SUPPORT_RESOURCES
from generator.operations.stack import plan
from tests.embedded import PLACE, VENDOR_ROLE, Deployer

GRANT = {
    "VendorAccounts": "444455556666",
    "VendorPrincipals": VENDOR_ROLE,
    "SupportAccessUntil": "2030-01-01T00:00:00Z",
    "SupportAccessReason": "TICKET-1",
}


def listed(deployer: Deployer, *asked: str) -> dict[str, str]:
    """Logical id -> action, of everything the change set names."""
    planned = deployer("up", *asked, "--plan", "--output", "json")
    assert planned.code == 0, planned.err
    return {change["logical_id"]: change["action"] for change in planned.result["change_set"]["changes"]}


ROLE = {"SupportRole", "SupportRolePolicy"}
USERS = SUPPORT_RESOURCES - ROLE


def test_only_what_is_touched_is_listed(deployer: Deployer) -> None:
    deployer.create()
    grant = [f"--parameter={name}={value}" for name, value in GRANT.items()]
    assert listed(deployer, *grant).keys() == GRANT_RESOURCES - ROLE
    removed = listed(deployer, "--support-user=no")
    assert removed == dict.fromkeys(USERS - {"SupportSecretPolicy"}, "Remove")

    assert deployer.up(*grant).code == 0
    removed = listed(deployer, "--support-user=no")
    assert removed == dict.fromkeys(USERS, "Remove") | {"StackKey": "Modify"}
    assert deployer.up("--support-user=no").code == 0
    added = listed(deployer, "--support-user=yes")
    assert added == dict.fromkeys(USERS, "Add") | {"StackKey": "Modify"}


def test_a_role_comes_and_goes_beside_the_user(deployer: Deployer) -> None:
    deployer.create()
    assert listed(deployer, "--support-role=yes") == dict.fromkeys(ROLE, "Add")
    assert deployer.up("--support-role=yes").code == 0
    removed = listed(deployer, "--support-user=no")
    assert removed == dict.fromkeys(USERS - {"SupportSecretPolicy", "SupportSessionPolicy"}, "Remove")
    assert deployer.up("--support-user=no").code == 0
    assert listed(deployer, "--support-role=no") == dict.fromkeys([*ROLE, "SupportSessionPolicy"], "Remove")
    assert deployer.up("--support-role=no").code == 0
    assert not SUPPORT_RESOURCES & deployer.physical_ids().keys()


def test_an_interrupt_while_planning_leaves_nothing_behind(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    client = deployer.gateway.client("cloudformation")
    with monkeypatch.context() as patch:
        patch.setattr(plan, "settle", Mock(side_effect=KeyboardInterrupt))
        assert deployer("up", *PLACE, "--yes").code == 130
        assert deployer("status").code == 4  # not even the empty stack that planning a creation makes
    deployer.create()
    with monkeypatch.context() as patch:
        patch.setattr(plan, "settle", Mock(side_effect=KeyboardInterrupt))
        assert deployer("up", "--support-user=no", "--yes").code == 130
    left = client.list_change_sets(StackName=deployer.stack_name)["Summaries"]
    assert [each["ExecutionStatus"] for each in left] in ([], ["EXECUTE_COMPLETE"])  # the creation's own
    assert deployer("status").code == 0
