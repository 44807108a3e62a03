"""The verbs that change a stack, each with exactly its policy, and without one permission of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.embedded import PLACE, Deployer, run
from tests.permissions.conftest import Employ

PUBLISHED_FILE = Path(__file__).parents[2] / "generator/sandbox/published-stack.yaml"


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


def test_a_published_stack_is_adopted_with_exactly_the_policy_of_upgrade(deployer: Deployer, employ: Employ) -> None:
    client = deployer.gateway.client("cloudformation")
    values = {
        "VpcId": PLACE[1],
        "SubnetId": PLACE[3],
        "AdminEmail": PLACE[5],
        "AdminPassword": "correct-horse-battery",
        "SupportUserName": f"{deployer.stack_name}-support",
        "InstanceName": "box",  # after which the vendor's template names role and profile
    }
    client.create_stack(
        StackName=deployer.stack_name,
        TemplateBody=PUBLISHED_FILE.read_text(),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
    )
    client.get_waiter("stack_create_complete").wait(StackName=deployer.stack_name, WaiterConfig={"Delay": 1})
    with employ(deployer.stack_name, "upgrade", "--instance-name", "box").acting():
        done = deployer.upgrade()
    assert done.code == 0, done.err


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
    assert f"deployer permissions --stack-name {deployer.stack_name} up" in done.err


@pytest.mark.parametrize("name", ["deepsql-engineers-2", "crew"])
def test_the_engineers_stack_is_made_changed_and_deleted_with_exactly_each_policy(name: str, employ: Employ) -> None:
    whole = ("--ports", "8080", "--fleet-command", "uname", "--shell", "yes")
    for words, line in (
        (("engineers", "up"), (*whole, "--yes")),
        (("engineers", "up"), ("--ports", "8081", "--tag", "squad", "--yes")),
        (("engineers", "status"), ()),
        (("engineers", "down"), ("--yes",)),
    ):
        with employ(name, *words).acting():
            done = run(*words, "--stack-name", name, *line)
        assert done.code == 0, (words, done.err)
        assert "not authorized" not in done.err


@pytest.mark.parametrize("action", ["ssm:CreateDocument", "iam:CreatePolicy"])
def test_the_engineers_stack_without_one_permission_of_a_handler_fails_and_names_it(
    employ: Employ, action: str
) -> None:
    with employ("deepsql-engineers-3", "engineers", "up").acting(action):
        done = run("engineers", "up", "--stack-name", "deepsql-engineers-3", "--ports", "8080", "--yes")
    assert done.code == 1 and f"not authorized to perform: {action} " in done.err
    assert run("engineers", "down", "--stack-name", "deepsql-engineers-3", "--yes").code == 0


@pytest.mark.parametrize(
    ("words", "stacks"),
    [
        (("engineers", "up"), {"deepsql-engineers"}),
        (("engineers", "up", "engineers", "down", "--stack-name", "crew"), {"crew"}),
        (("engineers", "status", "--engineers-stack-name", "crew"), {"crew"}),
        (("status", "engineers", "up"), {"deepsql-selfhost", "deepsql-engineers"}),
        (("status", "engineers", "up", "--stack-name", "prod", "--engineers-stack-name", "crew"), {"prod", "crew"}),
    ],
)
def test_each_stack_has_policies_for_its_own_name(words: tuple[str, ...], stacks: set[str]) -> None:
    policies = run("permissions", *words, "--output", "json").result["policies"]
    for policy in policies:
        name = policy["name"].rpartition("-operator-")[0]
        named = {r.split(":")[-1].split("/")[1] for s in policy["document"]["Statement"] for r in _stacks(s)}
        assert named <= {name}
    assert {policy["name"].rpartition("-operator-")[0] for policy in policies} == stacks


def _stacks(statement: dict[str, object]) -> list[str]:
    resources = statement["Resource"]
    return [each for each in (resources if isinstance(resources, list) else [resources]) if ":stack/" in str(each)]


def test_engineers_need_nothing_on_an_instance_or_a_secret() -> None:
    policies = run("permissions", "engineers", "up", "engineers", "down", "--output", "json").result["policies"]
    printed = str([policy["document"] for policy in policies])
    assert "CreateDocument" in printed and "deepsql-engineers-*" in printed
    assert not [
        each for each in ("ec2:", "secretsmanager:", "TerminateSession", "document/deepsql-*") if each in printed
    ]
