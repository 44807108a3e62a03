"""What a grant and a flip list in CloudFormation's change set: what they touch, with no echo of it elsewhere."""

from generator.model.contract import GRANT_RESOURCES, SUPPORT_RESOURCES
from tests.embedded import VENDOR_ROLE, Deployer

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
