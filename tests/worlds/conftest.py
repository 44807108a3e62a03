"""One sandbox for each worker of a session, with one stack whose scenes are put back for every world."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.embedded import environment, running_sandbox
from tests.worlds.scenes import Site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as leads:
        yield Site(leads)


@pytest.fixture(autouse=True)
def embedded_aws(site: Site) -> Iterator[None]:
    """Every AWS client of a test leads to the sandbox; polling does not wait."""
    with environment(site.leads):
        yield
