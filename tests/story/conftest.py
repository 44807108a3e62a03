"""The story of a stack: a sandbox per worker, a stack per test."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from tests.embedded import Deployer, environment, running_sandbox

PUBLISHED = (Path(__file__).parents[1] / "template" / "published-stack.yaml").read_text()
PLACE = {"VpcId": "vpc-00000001", "SubnetId": "subnet-00000002", "AdminEmail": "admin@example.com"}


@pytest.fixture(scope="session")
def sandbox_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as leads:
        yield leads


@pytest.fixture(autouse=True)
def embedded_aws(sandbox_environment: dict[str, str]) -> Iterator[None]:
    """Every AWS client of this test leads to the sandbox; polling does not wait."""
    with environment(sandbox_environment):
        yield
        _close_support_roles()


def _close_support_roles() -> None:
    """The stacks of a session share an account: a role that one leaves open is a path of its principal in the next."""
    iam = boto3.client("iam")
    nobody = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [nobody]})
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            if "SupportRole" in role["RoleName"]:
                iam.update_assume_role_policy(RoleName=role["RoleName"], PolicyDocument=policy)


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
