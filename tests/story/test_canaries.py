"""Planted secrets are found nowhere: outputs, story, --debug, errors, events, templates, user data, files."""

import base64
import json
from pathlib import Path

import pytest

from generator.operations import sandbox
from tests.canaries import watched
from tests.embedded import PLACE, VENDOR_ROLE, Deployer, Outcome

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


def person(deployer: Deployer) -> tuple[str, str]:
    """An administrator of the account with a key of their own."""
    iam, name = deployer.gateway.client("iam"), f"ada-{deployer.stack_name}"
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(everything))
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return made["AccessKeyId"], made["SecretAccessKey"]


def test_a_grants_whole_life_shows_no_key(deployer: Deployer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deployer.create()
    arn, own = deployer.outputs["SupportSecretArn"], person(deployer)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", own[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", own[1])

    def key() -> str:
        return str(json.loads(deployer.gateway.secretsmanager.get_secret_value(arn))["SecretAccessKey"])

    with watched(tmp_path / "home") as seen:
        ran: dict[str, Outcome] = {}

        def run(*argv: str) -> None:
            ran[" ".join(argv[:2])] = done = deployer(*argv, "--debug")
            seen.shown += [done.out, done.err]

        keys = [key()]
        run("access", "grant", "--principal", VENDOR_ROLE, "--reason", "T-1", "--yes")
        run("access", "show", "--output", "json")
        run("access", "confirm")
        run("access", "reveal")
        run("access", "rotate", "--yes")
        keys.append(key())
        run("access", "pause", "--yes")
        run("access", "resume", "--yes")
        run("vendor", "check", "--secret-id", arn)
        run("vendor", "profile", "--secret-id", arn)
        run("config", "set", "region", "eu-west-1")
        credentials = deployer("vendor", "credentials", "--secret-id", arn, "--debug")
        seen.shown.append(credentials.err)
        report = tmp_path / "home" / "report"
        run("access", "revoke", "--all", "--report", str(report), "--yes")
    assert json.loads(credentials.out)["SecretAccessKey"] == keys[1] != keys[0]
    assert {name for name, done in ran.items() if done.code} == {"access reveal"}
    assert (tmp_path / "home" / "report.html").is_file()
    assert seen.where(*keys, own[1]) == []
    assert not list((tmp_path / "home" / "tmp").iterdir())


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
