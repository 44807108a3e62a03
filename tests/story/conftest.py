"""Whole commands against the embedded AWS over HTTP, in this process: a sandbox per worker, a stack per test."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from generator.cli.main import main
from generator.gateway.aws import Gateway
from generator.model.deployment import Deployment
from generator.operations import sandbox
from generator.operations.stack import watch

PLACE = ("--vpc-id", "vpc-00000001", "--subnet-id", "subnet-00000002", "--admin-email", "admin@example.com")
VENDOR_ROLE = "arn:aws:iam::444455556666:role/deepsql-support"


@dataclass(frozen=True)
class Outcome:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> Any:
        return json.loads(self.out)["result"]

    @property
    def error(self) -> Any:
        return json.loads(self.out)["error"]


class Deployer:
    """The command line, typed against one stack."""

    def __init__(self, stack_name: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.stack_name = stack_name
        self._capsys = capsys

    def __call__(self, *argv: str) -> Outcome:
        self._capsys.readouterr()
        code = main([*argv, "--stack-name", self.stack_name])
        shown = self._capsys.readouterr()
        return Outcome(code, shown.out, shown.err)

    def up(self, *argv: str) -> Outcome:
        return self("up", *argv, "--yes")

    def create(self, *argv: str) -> Outcome:
        made = self.up(*PLACE, *argv)
        assert made.code == 0, made.err
        return made

    @property
    def gateway(self) -> Gateway:
        return Gateway(Deployment(stack_name=self.stack_name))

    def physical_ids(self) -> dict[str, str]:
        return {r.logical_id: r.physical_id for r in self.gateway.cloudformation.list_stack_resources(self.stack_name)}


@pytest.fixture(scope="session")
def sandbox_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    home = tmp_path_factory.mktemp("sandbox")
    before = dict(os.environ)
    os.environ.update({"DEPLOYER_SANDBOX_HOME": str(home), "DEPLOYER_SANDBOX_STEP": "0"})
    try:
        sandbox.start()
        yield sandbox.environment()
        sandbox.stop()
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(autouse=True)
def embedded_aws(sandbox_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every AWS client of this test leads to the sandbox; polling does not wait."""
    for name, value in sandbox_environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(watch, "waits", lambda: itertools.repeat(0.05))


_numbers = itertools.count(1)


@pytest.fixture
def deployer(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Deployer:
    return Deployer(f"deepsql-{next(_numbers)}", capsys)
