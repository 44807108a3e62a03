"""What a grant and a flip list in CloudFormation's change set: what they touch, with no echo of it elsewhere."""

from pathlib import Path
from unittest.mock import Mock

import pytest

from generator.model.contract import GRANT_RESOURCES, SUPPORT_RESOURCES
from generator.operations.stack import plan
from tests.embedded import PLACE, VENDOR_ROLE, Deployer

GRANT = ("access", "grant", "--principal", VENDOR_ROLE, "--for", "8h", "--reason", "TICKET-1")


def listed(deployer: Deployer, *asked: str) -> dict[str, str]:
    """Logical id -> action, of everything the change set of `up` or of a grant names."""
    planned = deployer(*(asked if asked[0] == "access" else ("up", *asked)), "--plan", "--output", "json")
    assert planned.code == 0, planned.err
    changes = planned.result.get("up", planned.result)["change_set"]["changes"]
    return {change["logical_id"]: change["action"] for change in changes}


ROLE = {"SupportRole", "SupportRolePolicy"}
ENDING = {"AccessEndRule", "AccessEndPolicy", "AccessEndPermission"}  # only while a grant names somebody
USERS = SUPPORT_RESOURCES - ROLE - ENDING


def test_only_what_is_touched_is_listed(deployer: Deployer) -> None:
    deployer.create()
    assert listed(deployer, *GRANT).keys() == GRANT_RESOURCES - ROLE - {"ClusterAccess"}
    removed = listed(deployer, "--support-user=no")
    assert removed == dict.fromkeys(USERS - {"SupportSecretPolicy"}, "Remove")

    assert deployer(*GRANT, "--yes").code == 0
    removed = listed(deployer, "--support-user=no")
    assert removed == dict.fromkeys(USERS | ENDING, "Remove") | {"StackKey": "Modify"}
    assert deployer.up("--support-user=no").code == 0
    added = listed(deployer, "--support-user=yes")
    assert added == dict.fromkeys(USERS - {"SupportSecretPolicy"}, "Add"), "nobody is admitted by it"


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
        patch.setattr(plan, "wait_for_change_set", Mock(side_effect=KeyboardInterrupt))
        assert deployer("up", *PLACE, "--yes").code == 130
        assert deployer("status").code == 4  # not even the empty stack that planning a creation makes
    deployer.create()
    with monkeypatch.context() as patch:
        patch.setattr(plan, "wait_for_change_set", Mock(side_effect=KeyboardInterrupt))
        assert deployer("up", "--support-user=no", "--yes").code == 130
    left = client.list_change_sets(StackName=deployer.stack_name)["Summaries"]
    assert [each["ExecutionStatus"] for each in left] in ([], ["EXECUTE_COMPLETE"])  # the creation's own
    assert deployer("status").code == 0


def test_another_instance_type_stops_and_starts_the_instance_and_keeps_it(deployer: Deployer) -> None:
    deployer.create()
    before = deployer.physical_ids()
    planned = deployer("up", "--instance-type", "t4g.xlarge", "--plan")
    assert planned.code == 0, planned.err
    row = next(line for line in planned.out.splitlines() if "AWS::EC2::Instance " in line)
    assert "interrupts: stopped and started" in row and "InstanceType t4g.large -> t4g.xlarge" in row
    assert "1 to modify, 1 of these interrupted." in planned.out
    assert deployer("up", "--instance-type", "t4g.xlarge").code == 2, "nobody is there to be asked"
    assert deployer.up("--instance-type", "t4g.xlarge").code == 0
    assert deployer.physical_ids() == before
    assert deployer.gateway.client("ec2").describe_instances(InstanceIds=[before["Instance"]])["Reservations"][0][
        "Instances"
    ][0]["InstanceType"] == "t4g.xlarge"  # fmt: skip


def test_a_larger_volume_is_still_refused_as_a_replacement(deployer: Deployer) -> None:
    deployer.create()
    refused = deployer.up("--volume-size-gib", "80")
    assert refused.code == 3 and "Instance (AWS::EC2::Instance) would be replaced" in refused.err


def test_no_plan_shows_a_password(deployer: Deployer, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("canary-correct-horse")
    second.write_text("canary-battery-staple")
    deployer.create("--admin-password-file", str(first))
    given = ("up", "--admin-password-file", str(second), "--instance-name", "renamed", "--plan")
    for planned in (deployer(*given), deployer(*given, "--output", "json")):
        assert planned.code == 0, planned.err
        assert "AdminSecret" in planned.out and "canary" not in planned.out + planned.err
