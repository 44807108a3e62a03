"""Planted secrets are found nowhere: outputs, story, --debug, errors, events, templates, user data, files."""

import base64
import json
from pathlib import Path

import pytest

from generator.operations import sandbox
from tests.embedded import PLACE, Deployer

PASSWORD = "canary-Adm1n-pass-word"


def everything_aws_tells(deployer: Deployer) -> str:
    """What the stack's own APIs give to anyone who may read them."""
    cloudformation, ec2 = deployer.gateway.client("cloudformation"), deployer.gateway.client("ec2")
    name, ids = deployer.stack_name, deployer.physical_ids()
    data = ec2.describe_instance_attribute(InstanceId=ids["Instance"], Attribute="userData")
    told = [
        cloudformation.describe_stacks(StackName=name),
        cloudformation.describe_stack_events(StackName=name),
        cloudformation.get_template(StackName=name),
        base64.b64decode(data["UserData"].get("Value", "")).decode(),
        deployer.gateway.client("ssm").get_parameters_by_path(Path="/", Recursive=True),
    ]
    return json.dumps(told, default=str)


def test_planted_secrets_are_found_nowhere(deployer: Deployer, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    shown = [deployer.create("--admin-password-file", str(password), "--debug")]
    secret = deployer("access", "reveal", "--stdout", "--yes")
    key = json.loads(secret.out)["SecretAccessKey"]
    for argv in (
        ["status"],
        ["status", "--output", "json"],
        ["outputs"],
        ["events", "--limit", "500"],
        ["diff"],
        ["access", "show", "--output", "json"],
        ["up", "--support-ports", "3035,5432", "--yes", "--debug"],
        ["up", "--parameter", "Nonsense=1", "--yes", "--debug"],
        ["up", "--image-id", "ami-00000000000000000", "--yes", "--debug"],
    ):
        shown.append(deployer(*argv))
    said = "".join(outcome.out + outcome.err for outcome in shown) + everything_aws_tells(deployer)
    home = Path(sandbox.status().home)
    logs = "".join(path.read_text(errors="replace") for path in home.glob("*.log"))
    for canary in (PASSWORD, key):
        assert canary not in said and canary not in logs
    assert not [
        p for p in tmp_path.rglob("*") if p != password and p.is_file() and key in p.read_text(errors="replace")
    ]


def test_a_secret_is_not_printed_into_a_pipe_unless_told(deployer: Deployer) -> None:
    deployer.create()
    refused = deployer("access", "reveal")
    assert refused.code != 0 and "SecretAccessKey" not in refused.out + refused.err


@pytest.mark.parametrize("text", ["short", "two\nlines-of-password", "x" * 129])
def test_a_password_that_cannot_be_one_is_refused_without_repeating_it(
    text: str, deployer: Deployer, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(text)
    refused = deployer.up(*PLACE, "--admin-password-file", str(file))
    assert refused.code == 2 and text not in refused.err and "12 to 128" in refused.err
