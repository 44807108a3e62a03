"""What a grant and a flip list in CloudFormation's change set: what they touch, with no echo of it elsewhere."""

from generator.model.contract import GRANT_RESOURCES, SUPPORT_RESOURCES
from tests.story.conftest import VENDOR_ROLE, Deployer

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


def test_only_what_is_touched_is_listed(deployer: Deployer) -> None:
    deployer.create()
    grant = [f"--parameter={name}={value}" for name, value in GRANT.items()]
    assert listed(deployer, *grant).keys() == GRANT_RESOURCES
    removed = listed(deployer, "--support-user=no")
    assert removed == dict.fromkeys(SUPPORT_RESOURCES - {"SupportSecretPolicy"}, "Remove")

    assert deployer.up(*grant).code == 0
    removed = listed(deployer, "--support-user=no")
    assert removed == dict.fromkeys(SUPPORT_RESOURCES, "Remove") | {"StackKey": "Modify"}
    assert deployer.up("--support-user=no").code == 0
    added = listed(deployer, "--support-user=yes")
    assert added == dict.fromkeys(SUPPORT_RESOURCES, "Add") | {"StackKey": "Modify"}
