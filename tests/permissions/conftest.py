"""A person whose only permissions are those that `deployer permissions` prints: a sandbox for all, made once."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from generator.gateway.aws import Gateway
from generator.model.deployment import Deployment
from tests.embedded import Deployer, environment, run, running_sandbox

_numbers = itertools.count(1)


@dataclass
class Person:
    """An IAM user with policies; `without` an action it is denied that one, as if no policy allowed it."""

    name: str
    leads: dict[str, str]
    iam: Any

    @contextmanager
    def acting(self, *denied: str) -> Iterator[None]:
        """Every command meanwhile runs as this person, without these actions."""
        statement = {"Effect": "Deny", "Action": list(denied), "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        if denied:
            named = {"UserName": self.name, "PolicyName": "denied"}
            self.iam.put_user_policy(**named, PolicyDocument=json.dumps(document))
        try:
            with environment(self.leads):
                yield
        finally:
            if denied:
                self.iam.delete_user_policy(**named)


@pytest.fixture(scope="session")
def leads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


@pytest.fixture(autouse=True)
def embedded_aws(leads: dict[str, str]) -> Iterator[None]:
    with environment(leads):
        yield


@pytest.fixture
def deployer() -> Deployer:
    return Deployer(f"permitted-{next(_numbers)}")


Employ = Callable[..., Person]


@pytest.fixture
def employ(leads: dict[str, str]) -> Employ:
    """Makes a person who may run these commands on a stack, by what the command itself prints."""

    def employed(stack_name: str, *words: str) -> Person:
        printed = run("permissions", *words, "--stack-name", stack_name, "--output", "json")
        assert printed.code == 0, printed.err
        iam = Gateway(Deployment()).client("iam")
        name = f"person-{next(_numbers)}"
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        keys = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
        person = Person(name, {**leads, **keys}, iam)
        for number, policy in enumerate(printed.result["policies"]):
            arn = iam.create_policy(PolicyName=f"{name}-{number}", PolicyDocument=json.dumps(policy["document"]))
            iam.attach_user_policy(UserName=name, PolicyArn=arn["Policy"]["Arn"])
        return person

    return employed
