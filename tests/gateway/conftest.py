"""A gateway whose clients are stubbed: parameters and answers are validated against botocore's models.

And one in front of moto, for what a stub cannot show: pages, texts of refusals, what becomes of a policy on its way.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.session import Session
from botocore.stub import Stubber

from generator.gateway.aws import Gateway
from generator.model.deployment import Deployment


class Stubbed:
    """Makes one stubbed client per service and checks at the end that every expected call was made."""

    def __init__(self) -> None:
        self.stubbers: list[Stubber] = []

    def client(self, service: str) -> tuple[Any, Stubber]:
        session = Session()
        session.set_credentials("AKIAEXAMPLE", "example")
        client = session.create_client(service, region_name="us-east-1")
        stubber = Stubber(client)
        stubber.activate()
        self.stubbers.append(stubber)
        return client, stubber


@pytest.fixture
def stubbed() -> Iterator[Stubbed]:
    made = Stubbed()
    yield made
    for stubber in made.stubbers:
        stubber.assert_no_pending_responses()


@pytest.fixture
def moto_gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """The gateway in front of moto, in this process: an account of its own for each test."""
    from moto import mock_aws

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with mock_aws():
        yield Gateway(Deployment(region="eu-west-1"))
