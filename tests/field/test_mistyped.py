"""Values that are mistyped: each is refused in one sentence that names it, with what to type; nothing is changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.session import Session

from tests.embedded import Deployer, Outcome, run
from tests.story.test_deploy_options import may_everything

NOBODY = "arn:aws:iam::111122223333:role/nobody"
PORT = "a port is a number from 1 to 65535."
OWN = "Each value has an option of its own: "
LINES = [
    (("up", "--tags", "a=1", "b=2"), "(b=2)", f"{OWN}--tags a=1 --tags b=2"),
    (("up", "--tags", "a=1", "b=2", "c=3"), "(b=2", f"{OWN}--tags a=1 --tags b=2 --tags c=3"),
    (("up", "--parameter", "A=1", "B=2", "--yes"), "(B=2)", f"{OWN}--parameter A=1 --parameter B=2"),
    (("upgrade", "--allow-replacement", "A", "B"), "(B)", f"{OWN}--allow-replacement A --allow-replacement B"),
    (("down", "--retain", "A", "B"), "(B)", f"{OWN}--retain A --retain B"),
    (("up", "extra"), "(extra)", "See: deployer up --help"),
    (("up", "--support-ports", "99999"), f"--support-ports names 99999, and {PORT}", "--support-ports 3035,9085"),
    (("up", "--support-ports", "3035,0"), f"--support-ports names 0, and {PORT}", "--support-ports 3035,9085"),
    (("up", "--parameter", "SupportPorts=70000"), f"names 70000, and {PORT}", "--support-ports 3035,9085"),
    (("up", "--support-ports", "3035,22,3035"), "names the port 3035 twice.", "Keep one of them."),
    (
        ("up", "--allow-replacement", "Instanc"),
        "names Instanc, and the stack has no such",
        "--allow-replacement Instance?",
    ),
    (
        ("up", "--allow-replacement", "instance"),
        "names instance, and the",
        "Did you mean --allow-replacement Instance?",
    ),
    (
        ("up", "--allow-replacement", "Qqq"),
        "names Qqq, and the stack has no such",
        "See the names with: deployer status",
    ),
    (
        ("upgrade", "--allow-replacement", "StackKe"),
        "names StackKe, and the",
        "Did you mean --allow-replacement StackKey?",
    ),
    (("up", "--continue-rollback", "--skip", "StackKe"), "--skip names StackKe", "Did you mean --skip StackKey?"),
]


@pytest.mark.parametrize(
    ("line", "said", "hint"), LINES, ids=lambda given: " ".join(given) if isinstance(given, tuple) else ""
)
def test_it_is_refused_by_name_with_what_to_type(
    line: tuple[str, ...], said: str, hint: str, deployer: Deployer
) -> None:
    before = deployer.gateway.cloudformation.describe_stack(deployer.stack_name)
    refused = deployer(*line)
    assert refused.code == 2 and refused.err.count("error: ") == 1, refused.err
    assert said in refused.err and hint in refused.err, refused.err
    assert deployer.gateway.cloudformation.describe_stack(deployer.stack_name) == before


@pytest.mark.parametrize("flip", ["--support-user=no", "--support-user=yes", "--support-ssh=yes"])
def test_a_change_of_a_stack_that_is_not_there_says_that_first(flip: str, deployer: Deployer) -> None:
    """It is not taken for the creation of another stack, of which only values are missing."""
    refused = run("up", flip, "--stack-name", "deepsql-feild", "--yes")
    assert refused.code == 2, refused.err
    assert "error: There is no stack deepsql-feild in us-east-1 of this account, and a new one needs" in refused.err
    assert "next: Check --stack-name, or to create it give --vpc-id" in refused.err


def test_ports_of_a_file_are_looked_at_too(tmp_path: Path, deployer: Deployer) -> None:
    (tmp_path / "ports.json").write_text(json.dumps({"SupportPorts": ["3035", "70000"]}))
    refused = deployer("up", "--parameter-file", str(tmp_path / "ports.json"))
    assert refused.code == 2 and f"names 70000, and {PORT}" in refused.err, refused.err


@pytest.mark.parametrize("ports", ["1", "65535", "3035,9085,22"])
def test_ports_that_are_some_are_taken(ports: str, deployer: Deployer) -> None:
    assert deployer("up", "--support-ports", ports, "--plan").code == 0


def test_a_resource_that_somebody_has_added_may_be_named(deployer: Deployer) -> None:
    gateway, name = deployer.gateway, deployer.stack_name
    text = gateway.cloudformation.get_template(name)
    added = text.replace("Resources:\n", "Resources:\n Theirs: {Type: AWS::SNS::Topic}\n", 1)
    client, known = gateway.client("cloudformation"), gateway.cloudformation.describe_stack(name).parameters
    previous = [{"ParameterKey": key, "UsePreviousValue": True} for key in known]
    which = {"StackName": name, "Capabilities": ["CAPABILITY_NAMED_IAM"], "Parameters": previous}
    client.update_stack(**which, TemplateBody=added)
    client.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    planned = deployer("up", "--session-log-retention-days", "30", "--allow-replacement", "Theirs", "--plan")
    assert planned.code == 0, planned.err


ROLES: dict[str, Callable[[], str]] = {"of nobody": lambda: NOBODY, "that trusts another service": lambda: other_role()}


def other_role() -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = Session().create_client("iam").create_role(RoleName="other", AssumeRolePolicyDocument=document)
    return str(made["Role"]["Arn"])


@pytest.mark.parametrize("line", [("down",), ("up", "--session-log-retention-days", "30")], ids=" ".join)
@pytest.mark.parametrize("role", ROLES)
def test_a_service_role_that_cannot_be_assumed_deletes_and_changes_nothing(
    role: str, line: tuple[str, ...], deployer: Deployer
) -> None:
    arn = ROLES[role]()
    refused = deployer(*line, "--role-arn", arn, "--yes")
    assert refused.code == 1 and f"Role {arn} is invalid or cannot be assumed." in refused.err, refused.err
    assert "Correct --role-arn" in refused.err
    stack = deployer.gateway.cloudformation.describe_stack(deployer.stack_name)
    assert (stack.status, stack.role_arn) == ("CREATE_COMPLETE", None)


def test_a_stack_whose_own_role_is_gone_is_deleted_with_another(deployer: Deployer) -> None:
    may_everything("cloudformation")
    own = "arn:aws:iam::111122223333:role/cloudformation"
    assert deployer.up("--session-log-retention-days", "30", "--role-arn", own).code == 0
    iam = Session().create_client("iam")
    iam.delete_role_policy(RoleName="cloudformation", PolicyName="everything")
    iam.delete_role(RoleName="cloudformation")
    assert f"Role {own} is invalid or cannot be assumed." in deployer("down", "--yes").err
    may_everything("another")
    done: Outcome = run("down", "--role-arn", own.replace("cloudformation", "another"), "--yes")
    assert done.code == 0, done.err
