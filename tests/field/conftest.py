"""A sandbox for the tests that need one, with a stack as it was made put back before each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded import Deployer, environment, running_sandbox
from tests.sandbox_keys import control, recorded
from tests.sessions import sshd

STACK = "deepsql-field"
MADE = "snapshots/made"
DATABASE = ("--database-endpoint", "app.internal", "--database-port", "5432")


@pytest.fixture(scope="session")
def sandbox_with_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables that lead to it."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), sshd.search_path()) as leads:
        with environment(leads):
            Deployer(STACK).create(*DATABASE)
        control("PUT", MADE, running=recorded(leads["DEPLOYER_SANDBOX_HOME"]))
        yield leads


@pytest.fixture
def deployer(sandbox_with_stack: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployer]:
    """The command line on that stack, from a home of the test's own."""
    with environment(sandbox_with_stack):
        control("POST", MADE)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("DEPLOYER_STACK_NAME", STACK)
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
            monkeypatch.delenv(name, raising=False)
        yield Deployer(STACK)
        control("DELETE", "instances/x")  # what a test put behind an instance is no part of what is put back
