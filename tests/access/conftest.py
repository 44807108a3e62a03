"""One sandbox and one stack for the tests of access; every command runs whole, from its words to its output."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from generator.cli.main import main
from generator.gateway.aws import Gateway
from generator.model.deployment import Deployment
from generator.sandbox import state

VENDOR = "444455556666"
SUPPORT = f"arn:aws:iam::{VENDOR}:role/{state.VENDOR_ROLE}"
STRANGER = f"arn:aws:iam::{VENDOR}:role/{state.STRANGER_ROLE}"


@dataclass(frozen=True)
class Ran:
    """What one command line left behind."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> Any:
        return json.loads(self.out)["result"]

    @property
    def error(self) -> Any:
        return json.loads(self.out)["error"]


Deployer = Callable[..., Ran]


def deployer_call(*words: str) -> Ran:
    """Run one command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    return Ran(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A running sandbox, and the variables that lead to it."""
    home = tmp_path_factory.mktemp("sandbox")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "generator.sandbox"],
            env={**clean, state.HOME_VARIABLE: str(home)},
            stdout=log,
            stderr=log,
        )
    try:
        yield state.environment(_up(home, server))
    finally:
        server.terminate()
        server.wait(20)


def _up(home: Path, server: subprocess.Popen[bytes]) -> state.SandboxState:
    for _ in range(600):
        if found := state.read(home):
            return found
        assert server.poll() is None, (home / "log").read_text()
        time.sleep(0.05)
    raise AssertionError((home / "log").read_text())


@pytest.fixture(scope="session", autouse=True)
def in_the_sandbox(environment: dict[str, str]) -> Iterator[None]:
    """Every test of this directory, and every process it starts, sees the sandbox and nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def stack(in_the_sandbox: None) -> dict[str, str]:
    """The outputs of a stack with a support user."""
    ec2 = Session().create_client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    network = ("--vpc-id", subnet["VpcId"], "--subnet-id", subnet["SubnetId"])
    made = deployer_call("up", *network, "--admin-email", "ada@example.com", "--yes", "--output", "json")
    assert made.code == 0, made.err
    return dict(made.result["outputs"])


@pytest.fixture
def deployer(stack: dict[str, str]) -> Deployer:
    """Run `deployer WORDS --output json` on the stack."""
    return lambda *words: deployer_call(*words, "--output", "json")


@pytest.fixture
def gateway(stack: dict[str, str]) -> Gateway:
    """The customer's way to AWS."""
    return Gateway(Deployment())


@pytest.fixture
def reads(stack: dict[str, str]) -> Callable[[str], str]:
    """Reads the support secret as a profile of the sandbox (vendor, stranger): the key's id, or AWS's refusal."""

    def read(profile: str) -> str:
        from botocore.exceptions import ClientError

        client = Session(profile=profile).create_client("secretsmanager")
        try:
            value = client.get_secret_value(SecretId=stack["SupportSecretArn"])["SecretString"]
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return str(json.loads(value)["AccessKeyId"])

    return read
