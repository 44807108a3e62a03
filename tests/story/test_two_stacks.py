"""Two stacks of one account that let the same vendor in: a revocation on one is about that one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.embedded import VENDOR_ROLE, Deployer

STEP = "other roles of the account"


@pytest.fixture
def other(deployer: Deployer) -> Iterator[Deployer]:
    """Another stack, whose support role the vendor may assume."""
    made = Deployer(f"{deployer.stack_name}-other", "--output", "json")
    made.create("--support-role=yes")
    assert made("access", "grant", "--principal", VENDOR_ROLE, "--yes").code == 0
    yield made
    made("access", "revoke", "--all", "--yes")


def revoked(deployer: Deployer) -> tuple[int, bool | None]:
    """Let the vendor in and out again: the exit code, and whether other roles are proven to let nobody in."""
    assert deployer("access", "grant", "--principal", VENDOR_ROLE, "--yes").code == 0
    ran = deployer("access", "revoke", "--all", "--yes", "--output", "json")
    return ran.code, next(each["proven"] for each in ran.result["evidence"] if each["step"] == STEP)


def test_the_role_of_another_stack_is_shown_and_does_not_count(deployer: Deployer, other: Deployer) -> None:
    deployer.create()
    assert deployer("access", "grant", "--principal", VENDOR_ROLE, "--yes").code == 0
    shown = deployer("access", "show").out
    role = other.physical_ids()["SupportRole"]
    assert role in shown and "its permissions boundary permits nothing of this stack" in shown
    assert revoked(deployer) == (0, True)


@pytest.mark.parametrize("boundary", ["wider", "none"])
def test_it_counts_where_its_boundary_does_not_keep_it_away(deployer: Deployer, other: Deployer, boundary: str) -> None:
    deployer.create()
    iam, role = deployer.gateway.client("iam"), other.physical_ids()["SupportRole"]
    if boundary == "none":
        iam.delete_role_permissions_boundary(RoleName=role)
    else:
        statement = {"Effect": "Allow", "Action": "ssm:StartSession", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        made = iam.create_policy(PolicyName=f"wider-{role}", PolicyDocument=document)["Policy"]["Arn"]
        iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=made)
    assert revoked(deployer) == (3, False)
