"""One sandbox for each worker of a session, and what came of the worlds for all of them."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

import pytest

from tests.embedded import running_sandbox
from tests.worlds.play import Theatre
from tests.worlds.scenes import Site


@pytest.fixture(scope="session")
def theatre(tmp_path_factory: pytest.TempPathFactory, worker: bool) -> Iterator[Theatre]:
    with contextlib.ExitStack() as opened:

        @functools.cache
        def site() -> Site:
            return Site(opened.enter_context(running_sandbox(tmp_path_factory.mktemp("sandbox"))))

        base = tmp_path_factory.getbasetemp()
        shared = (base.parent if worker else base) / "worlds"
        shared.mkdir(mode=0o700, exist_ok=True)
        yield Theatre(site, shared)


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> bool:
    """Whether pytest-xdist runs this session in several processes."""
    return hasattr(request.config, "workerinput")
