"""The ways to a database that a stack opens: its rule in the database's security group, and support's access level."""

from __future__ import annotations

from typing import Any

import pytest

from tests.embedded import PLACE, Deployer

VPC = "vpc-00000001"


@pytest.fixture
def group(deployer: Deployer) -> str:
    made = deployer.gateway.client("ec2").create_security_group(
        GroupName=f"db-{deployer.stack_name}", Description="The database's", VpcId=VPC
    )
    return str(made["GroupId"])


def rules(deployer: Deployer, group: str) -> list[dict[str, Any]]:
    [found] = deployer.gateway.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return list(found["IpPermissions"])


def door(group: str, port: int = 5432) -> tuple[str, ...]:
    return "--database-endpoint", "db.example.com", f"--database-port={port}", "--database-security-group-id", group


def test_the_rule_comes_moves_and_goes(deployer: Deployer, group: str) -> None:
    deployer.create(*door(group))
    [rule] = rules(deployer, group)
    own = deployer.physical_ids()["InstanceSecurityGroup"]
    assert (rule["FromPort"], rule["ToPort"]) == (5432, 5432)
    assert [pair["GroupId"] for pair in rule["UserIdGroupPairs"]] == [own]

    moved = deployer.up("--database-port=3306")
    assert moved.code == 0, moved.err
    assert [each["FromPort"] for each in rules(deployer, group)] == [3306]

    closed = deployer.up("--database-security-group-id", "")
    assert closed.code == 0 and rules(deployer, group) == [], closed.err

    assert deployer.up(*door(group)).code == 0 and rules(deployer, group)
    assert deployer("down", "--yes").code == 0 and rules(deployer, group) == []


def test_a_group_that_is_not_there_is_refused(deployer: Deployer) -> None:
    deployer.create()
    refused = deployer.up(*door("sg-0123456789abcdef0"))
    assert refused.code != 0 and "The security group 'sg-0123456789abcdef0' does not exist" in refused.err
    assert "DatabaseIngress" not in deployer.physical_ids()


def test_an_access_level_that_is_not_one_is_refused_before_anything_else(deployer: Deployer) -> None:
    refused = deployer("up", *PLACE, "--support-database-level", "x", "--yes")
    assert refused.code == 2 and "allowed values: none, r, w, o" in refused.err


def test_who_newly_lets_support_in_is_told_to_make_its_user(deployer: Deployer, group: str) -> None:
    hint = "next: deployer db bootstrap --support --permission "
    level = ("--support-database-level", "r", "--database-resource-id", "cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert hint + "r" in deployer.create(*door(group), *level).err
    assert hint not in deployer.up("--support-database-level", "r", "--database-port=3306").err
    assert hint + "w" in deployer.up("--support-database-level", "w").err
