"""Commands that print a secret: at a terminal after a question, into a pipe where that is what they are for."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.embedded import VENDOR_ROLE, Deployer
from tests.terminal import on_terminal

ENDPOINT = ("--endpoint", "app.cluster-abc.us-east-1.rds.amazonaws.com", "--user", "alice_r", "--engine", "postgresql")
KEY, TOKEN = "SecretAccessKey", "X-Amz-Signature"


@pytest.fixture
def commands(deployer: Deployer, stack: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """Every command that prints a secret, as it is typed."""
    deployer("access", "resume", "--yes")
    assert deployer("access", "grant", "--principal", VENDOR_ROLE, "--yes").code == 0
    vendor = ("vendor", "credentials", "--secret-id", stack["SupportSecretArn"], "--profile", "vendor")
    return {
        "access reveal": ("access", "reveal"),
        "vendor credentials": vendor,
        "db token": ("db", "token", *ENDPOINT),
        "db connect --print env": ("db", "connect", *ENDPOINT, "--target", stack["InstanceId"], "--print", "env"),
        "db connect --print pgpass-entry": (
            *("db", "connect", *ENDPOINT, "--target", stack["InstanceId"]),
            *("--print", "pgpass-entry"),
        ),
    }


ALL = (
    *("access reveal", "vendor credentials", "db token"),
    *("db connect --print env", "db connect --print pgpass-entry"),
)


def deployer_command(*argv: str) -> list[str]:
    return [sys.executable, "-m", "generator", *argv]


@pytest.mark.parametrize("name", ALL)
def test_a_terminal_is_asked_and_no_means_that_nothing_is_read(name: str, commands: dict[str, tuple[str, ...]]) -> None:
    code, shown = on_terminal(deployer_command(*commands[name]), typed="n")
    assert code == 1 and re.search(
        r"Show .* on this screen in the sandbox \(account \d{12}, region us-east-1\)\? \[y/N\]", shown
    ), shown
    assert KEY not in shown and TOKEN not in shown and "AKIA" not in shown


@pytest.mark.parametrize("name", ALL[:3])
def test_yes_shows_it(name: str, commands: dict[str, tuple[str, ...]]) -> None:
    code, shown = on_terminal(deployer_command(*commands[name]), typed="y")
    assert code == 0 and (KEY in shown or TOKEN in shown), shown


@pytest.mark.parametrize("name", ALL[1:3])
def test_a_program_is_given_it_through_a_pipe_without_a_question(
    name: str, commands: dict[str, tuple[str, ...]]
) -> None:
    command = deployer_command(*commands[name])
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and (KEY in done.stdout or TOKEN in done.stdout), done.stderr
    assert "screen" not in done.stderr


def test_without_a_person_at_the_terminal_nothing_is_shown(
    commands: dict[str, tuple[str, ...]],
) -> None:
    ours, theirs = pty.openpty()
    command = deployer_command(*commands["vendor credentials"])
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 2 and "there is no terminal to ask at: Show the support user's access key" in done.stderr


def test_an_sdk_on_a_terminal_reads_its_credentials_through_a_pipe(
    commands: dict[str, tuple[str, ...]], deployer: Deployer, stack: dict[str, str], tmp_path: Path
) -> None:
    lines = deployer("vendor", "profile", "--secret-id", stack["SupportSecretArn"], "--profile", "vendor")
    config = tmp_path / "config"
    config.write_text(Path(os.environ["AWS_CONFIG_FILE"]).read_text() + "\n" + "\n".join(lines.result["config"]) + "\n")
    program = (
        "from botocore.session import Session; "
        "print(Session(profile='deepsql-support').create_client('sts').get_caller_identity()['Arn'])"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_CONFIG_FILE", str(config))
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        code, shown = on_terminal([sys.executable, "-c", program])
    assert code == 0 and f"user/{stack['SupportUserName']}" in shown and "screen" not in shown, shown
