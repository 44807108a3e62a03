"""sandbox published: a stack of the vendor's template to try an upgrade on, in the sandbox and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from generator.sandbox.state import HOME_VARIABLE
from tests.embedded import Deployer, run


def test_it_is_there_to_be_upgraded_and_is_made_once(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, os.environ[name])  # restored, once the command has set its own
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://cloudformation.eu-west-1.amazonaws.com")
    made = run("sandbox", "published", "--stack-name", deployer.stack_name)
    assert (made.code, f"The stack {deployer.stack_name} is CREATE_COMPLETE." in made.out) == (0, True), made.err
    assert f"next: deployer --sandbox upgrade --plan --stack-name {deployer.stack_name}" in made.err
    again = run("sandbox", "published", "--stack-name", deployer.stack_name)
    assert again.code == 3 and f"deployer --sandbox down --stack-name {deployer.stack_name}" in again.err
    plan = deployer("upgrade", "--plan")
    assert plan.code == 0 and "remove  SupportAccessKey" in plan.out


def test_without_a_sandbox_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    refused = run("sandbox", "published")
    assert refused.code == 4 and "next: deployer sandbox start" in refused.err
