"""The story of a stack: a sandbox per worker, a stack per test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.embedded import Deployer, environment, running_sandbox


@pytest.fixture(scope="session")
def sandbox_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as leads:
        yield leads


@pytest.fixture(autouse=True)
def embedded_aws(sandbox_environment: dict[str, str]) -> Iterator[None]:
    """Every AWS client of this test leads to the sandbox; polling does not wait."""
    with environment(sandbox_environment):
        yield


_numbers = itertools.count(1)


@pytest.fixture
def deployer() -> Deployer:
    return Deployer(f"deepsql-{next(_numbers)}")
