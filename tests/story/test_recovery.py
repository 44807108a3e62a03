"""A recovery host on the sandbox: added beside the instance, started, reached, ended, and nothing left behind."""

from typing import Any

from tests.embedded import Deployer

BASTION = ("BastionRole", "BastionProfile", "BastionLaunchTemplate", "BastionGroup")


def hosts(deployer: Deployer, group: str) -> list[dict[str, Any]]:
    """The group's instances that EC2 has running."""
    wish = [
        {"Name": "tag:aws:autoscaling:groupName", "Values": [group]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]
    found = deployer.gateway.client("ec2").describe_instances(Filters=wish)["Reservations"]
    return [instance for reservation in found for instance in reservation["Instances"]]


def test_a_host_comes_when_it_is_called_and_goes_with_the_stack(deployer: Deployer) -> None:
    deployer.create()
    refused = deployer("recovery", "up", "--output", "json")
    assert refused.code == 4 and refused.error["hint"].startswith(
        "Create it: deployer up --recovery-bastion=yes --stack-name "
    )

    planned = deployer("up", "--recovery-bastion=yes", "--plan", "--output", "json")
    changes = planned.result["change_set"]["changes"]
    added = dict.fromkeys(BASTION, "Add")
    assert {change["logical_id"]: change["action"] for change in changes} == added
    assert deployer.up("--recovery-bastion=yes").code == 0
    group = deployer.physical_ids()["BastionGroup"]
    assert hosts(deployer, group) == []

    up = deployer("recovery", "up")
    [host] = hosts(deployer, group)
    assert up.code == 0 and f"deployer connect --stack-name {deployer.stack_name} {host['InstanceId']}" in up.out
    tags = {tag["Key"]: tag["Value"] for tag in host["Tags"]}
    assert tags["Name"].endswith("-bastion") and "deepsql:managed" not in tags
    assert tags["deepsql:bastion"] == deployer.stack_name
    assert host["InstanceType"] == "t4g.nano" and "PublicIpAddress" not in host
    assert "online" in deployer("recovery", "status").out

    assert deployer.up("--instance-name=renamed").code == 0
    assert len(hosts(deployer, group)) == 1, "an update leaves the host that runs"
    assert deployer("recovery", "down").code == 0
    assert hosts(deployer, group) == []

    assert deployer("recovery", "up").code == 0
    assert deployer("down", "--yes").code == 0
    assert hosts(deployer, group) == []


def test_a_bastion_is_there_from_the_first_and_is_not_ended_by_accident(deployer: Deployer) -> None:
    deployer.create("--bastion-host=yes")
    group = deployer.outputs["BastionGroupName"]
    [host] = hosts(deployer, group)
    assert host["ImageId"].startswith("ami-")
    assert "online" in deployer("recovery", "status").out
    kept = deployer("recovery", "down", "--output", "json")
    assert (kept.code, kept.error["code"]) == (3, "bastion-kept") and len(hosts(deployer, group)) == 1

    assert deployer.up("--recovery-bastion=yes", "--bastion-host=no").code == 0
    assert len(hosts(deployer, group)) == 1, "the host goes when it is told to"
    assert deployer("recovery", "down").code == 0
    assert deployer.up("--bastion-host=yes").code == 0
    [again] = hosts(deployer, group)
    assert again["InstanceId"] != host["InstanceId"]

    planned = deployer("up", "--recovery-bastion=no", "--bastion-host=no", "--plan", "--output", "json")
    changes = {change["logical_id"]: change["action"] for change in planned.result["change_set"]["changes"]}
    assert changes == dict.fromkeys(BASTION, "Remove")
    assert deployer.up("--recovery-bastion=no", "--bastion-host=no").code == 0
    assert hosts(deployer, group) == []
