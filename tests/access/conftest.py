"""One sandbox and one stack for the tests of access; every command runs whole, from its words to its output."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import ClientError
from botocore.session import Session

from generator.gateway.aws import Gateway
from tests.embedded import Deployer, environment, running_sandbox

STACK = "deepsql-selfhost"


@pytest.fixture(scope="session")
def sandbox_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A running sandbox, and the variables that lead to it."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as leads:
        yield leads


@pytest.fixture(scope="session")
def made_stack(sandbox_environment: dict[str, str]) -> dict[str, str]:
    """The outputs of a stack with a support user."""
    with environment(sandbox_environment):
        deployer = Deployer(STACK)
        deployer.create()
        return deployer.outputs


@pytest.fixture(autouse=True)
def embedded_aws(sandbox_environment: dict[str, str]) -> Iterator[None]:
    """Every AWS client of a test, and of the processes it starts, leads to the sandbox; polling does not wait."""
    with environment(sandbox_environment):
        yield


@pytest.fixture
def stack(embedded_aws: None, made_stack: dict[str, str]) -> dict[str, str]:
    """The stack's outputs."""
    return made_stack


@pytest.fixture
def deployer(stack: dict[str, str]) -> Deployer:
    """Run `deployer WORDS --output json` on the stack."""
    return Deployer(STACK, "--output", "json")


@pytest.fixture
def gateway(deployer: Deployer) -> Gateway:
    """The customer's way to AWS."""
    return deployer.gateway


@pytest.fixture
def reads(stack: dict[str, str]) -> Callable[[str], str]:
    """Reads the support secret as a profile of the sandbox (vendor, stranger): the key's id, or AWS's refusal."""

    def read(profile: str) -> str:
        client = Session(profile=profile).create_client("secretsmanager")
        try:
            value = client.get_secret_value(SecretId=stack["SupportSecretArn"])["SecretString"]
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return str(json.loads(value)["AccessKeyId"])

    return read
