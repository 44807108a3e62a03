"""The story of a stack: a sandbox per worker, emptied before each test, and a stack per test."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from tests.embedded import Deployer, environment, running_sandbox
from tests.sandbox_keys import control, recorded

PUBLISHED = (Path(__file__).parents[2] / "generator/sandbox/published-stack.yaml").read_text()
FRESH = "snapshots/fresh"
PLACE = {"VpcId": "vpc-00000001", "SubnetId": "subnet-00000002", "AdminEmail": "admin@example.com"}


@pytest.fixture(scope="session")
def sandbox_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as leads:
        control("PUT", FRESH, running=recorded(leads["DEPLOYER_SANDBOX_HOME"]))
        yield leads


@pytest.fixture(autouse=True)
def embedded_aws(sandbox_environment: dict[str, str]) -> Iterator[None]:
    """Every AWS client of this test leads to the sandbox, where nobody has been yet; polling does not wait."""
    with environment(sandbox_environment):
        _wait_until_idle()
        control("POST", FRESH)
        yield


def _wait_until_idle() -> None:
    """A test may leave an operation running: what it writes yet would be in the next one's account."""
    cloudformation = boto3.client("cloudformation")
    for _ in range(200):
        pages = cloudformation.get_paginator("describe_stacks").paginate()
        states = {stack["StackStatus"] for page in pages for stack in page["Stacks"]} - {"REVIEW_IN_PROGRESS"}
        if not any(state.endswith("IN_PROGRESS") for state in states):
            return
        time.sleep(0.05)
    raise AssertionError("an operation of the test before goes on")


_numbers = itertools.count(1)


@pytest.fixture
def deployer() -> Deployer:
    return Deployer(f"deepsql-{next(_numbers)}")


@pytest.fixture
def published(deployer: Deployer) -> Deployer:
    """The stack as a customer has it: made without this tool."""
    client = deployer.gateway.client("cloudformation")
    values = {**PLACE, "AdminPassword": "canary-correct-horse", "SupportUserName": f"support-{deployer.stack_name}"}
    values["InstanceName"] = deployer.stack_name
    client.create_stack(
        StackName=deployer.stack_name,
        TemplateBody=PUBLISHED,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in values.items()],
    )
    client.get_waiter("stack_create_complete").wait(StackName=deployer.stack_name, WaiterConfig={"Delay": 1})
    return deployer
