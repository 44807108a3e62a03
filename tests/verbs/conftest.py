"""Verbs of operations run without the command line: a sandbox per worker, a stack per test, a caller that notes all."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.client import BaseClient

from generator.errors import Declined
from generator.gateway.aws import Gateway
from generator.model.deployment import Deployment
from generator.model.evidence import Report, ReportSignature
from generator.model.stack import StackEvent
from generator.model.up import Choice, UpRequest
from generator.operations.stack import apply, plan
from tests.embedded import environment, running_sandbox

PLACE = {"VpcId": "vpc-00000001", "SubnetId": "subnet-00000002", "AdminEmail": "admin@example.com"}
READING = ("Describe", "Get", "List", "Head", "Simulate")


@dataclass
class NotingCaller:
    """Answers a verb, and notes in order what it was asked and what changed in AWS meanwhile.

    An entry is `show DownPlan`, `confirm DownPlan`, `events`, `say`, or the name of a call that writes.
    """

    declines: bool = False
    interactive: bool = True
    journal: list[str] = field(default_factory=list)
    shown: list[object] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    answers: Mapping[str, str] = field(default_factory=dict)

    def value(self, key: str, choices: Sequence[Choice]) -> str:
        self.journal.append(f"value {key}")
        assert not choices or self.answers[key] in {choice.label.split()[0] for choice in choices}
        return self.answers[key]

    def show(self, plan: object) -> None:
        self.journal.append(f"show {type(plan).__name__}")
        self.shown.append(plan)

    def confirm(self, plan: object) -> None:
        self.journal.append(f"confirm {type(plan).__name__}")
        if self.declines:
            raise Declined("Nothing was changed: you answered no.")

    def events(self, events: Iterable[StackEvent]) -> None:
        self.journal.append("events")
        for _ in events:
            pass

    def passphrase(self, key: str, *, new: bool = False) -> str:
        self.journal.append("passphrase")
        return self.answers[key]

    def page(self, report: Report, signature: ReportSignature | None) -> str:
        self.journal.append("page")
        return report.sha256

    def say(self, sentence: str) -> None:
        self.journal.append("say")
        self.sentences.append(sentence)


@pytest.fixture(scope="session")
def sandbox_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as leads:
        yield leads


@pytest.fixture(autouse=True)
def embedded_aws(
    sandbox_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Every AWS client of this test leads to the sandbox; what a verb saves stays in a folder of the test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    with environment(sandbox_environment):
        yield


@pytest.fixture
def caller(monkeypatch: pytest.MonkeyPatch) -> NotingCaller:
    made = NotingCaller()
    real = BaseClient._make_api_call

    def noted(client: Any, operation: str, parameters: Any) -> Any:
        if not operation.startswith(READING):
            made.journal.append(operation)
        return real(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", noted)
    return made


_numbers = itertools.count(1)


@pytest.fixture
def gateway() -> Gateway:
    return Gateway(Deployment(stack_name=f"verbs-{next(_numbers)}"))


@pytest.fixture
def create(gateway: Gateway) -> Callable[..., None]:
    """Creates the stack, with these parameters besides the place."""

    def created(**parameters: str) -> None:
        planned = plan.plan_up(gateway, UpRequest(given={**PLACE, **parameters}))
        apply.start(gateway, planned)
        assert list(apply.watch(gateway, planned))[-1].status.succeeded

    return created
