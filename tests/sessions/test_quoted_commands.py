"""What the vendor's page has its readers type, by the real AWS CLI: a session without a document, as support."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from generator.sandbox.ssm.session_api import PREFERENCES
from tests.sessions.conftest import Deployer, as_support


def start_session(instance: str, *more: str) -> subprocess.CompletedProcess[str]:
    """The page's command. Without AWS's plugin the AWS CLI starts the session, says so and ends it."""
    words = ["ssm", "start-session", "--region", "us-east-1", "--target", instance, *more]
    program = "import sys; from awscli.clidriver import main; sys.exit(main())"
    return subprocess.run([sys.executable, "-c", program, *words], env=os.environ, capture_output=True, text=True)


@pytest.fixture
def default_shell(deployer: Deployer) -> Iterator[None]:
    assert deployer("up", "--support-default-shell", "yes", "--yes").code == 0
    yield
    assert deployer("up", "--support-default-shell", "no", "--yes").code == 0


def test_support_may_not_start_a_session_without_a_document(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = deployer.instance
    with monkeypatch.context() as patch:
        as_support(deployer, patch)
        done = start_session(instance)
        named = start_session(instance, "--document-name", f"deepsql-shell-{instance}")
    assert done.returncode != 0 and "AccessDenied" in done.stderr and "ssm:StartSession" in done.stderr
    assert "SessionManagerPlugin is not found" in named.stderr, "the session was started"
    command = deployer.gateway.cloudformation.describe_stack(deployer.gateway.deployment.stack_name).outputs
    assert f"--document-name deepsql-shell-{instance}" in command["SSMConnectCommand"]


def test_with_support_default_shell_it_is_taken_as_it_is_typed(
    deployer: Deployer, default_shell: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = deployer.instance
    with monkeypatch.context() as patch:
        as_support(deployer, patch)
        done = start_session(instance)
    assert "SessionManagerPlugin is not found" in done.stderr and "AccessDenied" not in done.stderr
    latest = deployer.gateway.ssm.list_sessions(active=False)[0]
    assert latest.document == PREFERENCES and latest.owner.endswith(":user/" + latest.owner.rpartition("/")[2])
