"""The verbs that change a stack, each with exactly its policy, and without one permission of it."""

from __future__ import annotations

import pytest

from tests.embedded import PLACE, Deployer
from tests.permissions.conftest import Employ


def test_up_upgrade_and_down_succeed_with_exactly_their_policies(deployer: Deployer, employ: Employ) -> None:
    for words, line in (
        (("up",), ("up", *PLACE, "--support-role", "yes", "--recovery-bastion", "yes", "--yes")),
        (("up",), ("up", "--support-user", "no", "--yes")),
        (("up",), ("up", "--support-user", "yes", "--yes")),
        (("upgrade",), ("upgrade", "--yes")),
        (("down",), ("down", "--yes")),
    ):
        with employ(deployer.stack_name, *words).acting():
            done = deployer(*line)
        assert done.code == 0, (line, done.err)


HANDLERS = (  # one permission of a handler for each kind of resource, and whether it is missed by a plain creation
    "ec2:CreateSecurityGroup", "iam:CreateRole", "iam:CreateInstanceProfile", "iam:PassRole", "iam:CreatePolicy",
    "iam:CreateUser", "iam:AttachUserPolicy", "iam:PutRolePolicy", "ec2:RunInstances", "kms:CreateKey",
    "logs:CreateLogGroup", "lambda:CreateFunction", "lambda:AddPermission", "lambda:InvokeFunction",
    "secretsmanager:CreateSecret", "secretsmanager:RotateSecret", "ssm:CreateDocument", "ssm:PutParameter",
)  # fmt: skip


@pytest.mark.parametrize("action", HANDLERS)
def test_a_creation_without_one_permission_of_a_handler_fails_and_names_it(
    deployer: Deployer, employ: Employ, action: str
) -> None:
    with employ(deployer.stack_name, "up").acting(action):
        done = deployer.up(*PLACE)
    assert done.code == 1
    assert f"not authorized to perform: {action} " in done.err
    assert f"deployer permissions up --stack-name {deployer.stack_name}" in done.err
