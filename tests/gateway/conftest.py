"""A gateway whose clients are stubbed: parameters and answers are validated against botocore's models."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.session import Session
from botocore.stub import Stubber


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
