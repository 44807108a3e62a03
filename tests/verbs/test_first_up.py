"""init: asks what nothing says, stores what was agreed to, and creates; the caller here has no terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest.mock import Mock

import pytest

from generator.errors import Declined, DeployerError, Refused, UsageError
from generator.gateway.aws import Gateway
from generator.gateway.cloudformation import CloudFormation
from generator.model.deployment import Deployment
from generator.model.first_up import DefaultsPlan
from generator.model.stack import Stack, StackStatus
from generator.model.up import UpResult
from generator.operations.config.paths import user_path
from generator.operations.stack.failed_stack import RECREATABLE
from generator.operations.stack.first_up import _with_profile, _with_region, first_up
from tests.verbs.conftest import PLACE, NotingCaller


@dataclass
class Person(NotingCaller):
    """Types these lines one after another, and agrees to store defaults or not."""

    typed: Sequence[str] = ()
    picked: str = "none"
    stores: bool = True
    answered: bool = False
    store: Callable[[], None] = field(default=lambda: None)
    offered: list[DefaultsPlan] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.answers = self.answers or PLACE
        self._lines: Iterator[str] = iter(self.typed)

    def ask(self, question: str, default: str) -> str:
        self.journal.append(f"ask {question}")
        return next(self._lines, "") or default

    def pick(self, noun: str, names: Sequence[str]) -> str:
        self.journal.append(f"pick {noun}")
        return next(name for name in names if name.startswith(self.picked))

    def once_confirmed(self, store: Callable[[], None]) -> None:
        self.store = store

    def confirm(self, plan: object) -> None:
        super().confirm(plan)
        self.store()

    def agrees(self, plan: DefaultsPlan) -> bool:
        self.offered.append(plan)
        return self.stores


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def stored() -> str:
    return user_path().read_text() if user_path().exists() else ""


def questions(person: Person) -> list[str]:
    return [entry for entry in person.journal if entry.startswith(("ask", "pick", "value"))]


@pytest.mark.parametrize(
    ("picked", "output"), [("user", "SupportUserName"), ("role", "SupportRoleArn"), ("none", "InstanceId")]
)
def test_it_asks_stores_and_creates(picked: str, output: str) -> None:
    person = Person(typed=["", f"first-{picked}"], picked=picked)
    done = first_up(Deployment(), person, Gateway)
    assert isinstance(done, UpResult) and done.status == "CREATE_COMPLETE"
    assert {"SupportUserName", "SupportRoleArn", "InstanceId"} & set(done.outputs) == {output, "InstanceId"}
    assert questions(person) == [
        *("ask Region:", "ask Name of the stack:", "pick identity"),
        *(f"value {key}" for key in PLACE),
    ]
    assert person.offered == [
        DefaultsPlan(str(user_path()), {"region": "us-east-1", "stack-name": f"first-{picked}"}, sandbox=True)
    ]
    assert f'stack-name = "first-{picked}"' in stored() and 'region = "us-east-1"' in stored()


def test_what_is_given_is_not_asked_and_who_declines_leaves_nothing(gateway: Gateway) -> None:
    person = Person(stores=False, declines=True)
    given = replace(gateway.deployment, region="us-east-1")
    with pytest.raises(Declined):
        first_up(given, person, Gateway)
    assert [each for each in questions(person) if each.startswith("ask")] == []
    assert stored() == "" and gateway.cloudformation.find_stack(given.stack_name) is None


def test_a_region_or_a_name_that_cannot_be_is_asked_again() -> None:
    person = Person(typed=["us-est-1", "us-east", "us-east-1", "9x", "first-again"], declines=True)
    with pytest.raises(Declined):
        first_up(Deployment(), person, Gateway)
    assert [each for each in questions(person) if each.startswith("ask")] == [
        *["ask Region:"] * 3,
        *["ask Name of the stack:"] * 2,
    ]
    assert "us-east-2" in person.sentences[1] and "eu-west-1" not in person.sentences[1]
    assert "type it again" in person.sentences[0] and "type it again" not in person.sentences[1]


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        (["cn-north-1"], 1),
        (["us-gov-west-1"], 1),
        (["xx-north-9", "xx-north-9"], 2),  # one that botocore does not know yet
        (["us-est-1", "us-west-9", "us-est-1", "us-est-1"], 4),
        (["Nowhere", "Nowhere", "eu-west-1"], 3),
    ],
)
def test_a_region_of_any_partition_is_taken_and_a_new_one_when_it_is_typed_twice(typed: list[str], asked: int) -> None:
    person = Person(typed=typed)
    placed = _with_region(Deployment(), person, Gateway)
    assert placed.region == typed[-1] and person.journal.count("ask Region:") == asked


def test_defaults_are_stored_only_when_the_plan_is_agreed_to() -> None:
    person = Person(typed=["", "first-declined"], declines=True)
    with pytest.raises(Declined):
        first_up(Deployment(), person, Gateway)
    assert person.offered and stored() == ""


def test_a_name_that_is_taken_is_asked_for_again(gateway: Gateway, create: Callable[..., None]) -> None:
    create()
    taken = gateway.deployment.stack_name
    person = Person(typed=[taken, "first-free"], declines=True)
    with pytest.raises(Declined):
        first_up(Deployment(region="us-east-1"), person, Gateway)
    assert person.journal.count("ask Name of the stack:") == 2
    assert f"The stack {taken} exists already and is CREATE_COMPLETE: type another name." in person.sentences[0]


@pytest.mark.parametrize("status", RECREATABLE)
def test_a_stack_whose_creation_failed_leads_to_its_creation_again(
    status: str, gateway: Gateway, create: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    create()
    read = CloudFormation.find_stack

    def failed(self: CloudFormation, name: str) -> Stack | None:
        stack = read(self, name)
        return stack and replace(stack, status=StackStatus(status))

    monkeypatch.setattr(CloudFormation, "find_stack", failed)
    given = replace(gateway.deployment, region="us-east-1")
    with pytest.raises(DeployerError, match=status) as refused:
        first_up(given, Person(), Gateway)
    assert "deployer up --recreate" in refused.value.hint and stored() == ""
    person = Person(typed=[given.stack_name, "first-free"], declines=True)
    with pytest.raises(Declined):
        first_up(Deployment(region="us-east-1"), person, Gateway)
    assert f"up --recreate --stack-name {given.stack_name}" in person.sentences[0]


def test_a_stack_that_exists_is_not_begun_again(gateway: Gateway, create: Callable[..., None]) -> None:
    create()
    person = Person()
    with pytest.raises(Refused, match="exists already") as refused:
        first_up(replace(gateway.deployment, region="us-east-1"), person, Gateway)
    assert "deployer status" in refused.value.hint and stored() == "" and questions(person) == []


def test_nobody_to_ask_is_answered_with_the_commands_that_need_nobody() -> None:
    with pytest.raises(UsageError, match="no terminal") as refused:
        first_up(Deployment(), Person(interactive=False), Gateway)
    assert "deployer config set region" in refused.value.hint


def test_yes_is_named_where_it_leaves_nothing_to_ask() -> None:
    with pytest.raises(UsageError, match="--yes leaves nothing to ask") as refused:
        first_up(Deployment(), Person(interactive=False, answered=True), Gateway)
    assert "terminal" not in refused.value.message


@pytest.mark.parametrize(
    ("profiles", "variables", "asked"),
    [
        (["default", "prod"], {}, True),
        (["prod"], {}, False),
        ([], {}, False),
        (["default", "prod"], {"AWS_ACCESS_KEY_ID": "x"}, False),
        (["default", "prod"], {"AWS_PROFILE": "prod"}, False),
        (["default", "prod"], {"AWS_DEFAULT_PROFILE": "prod"}, False),
    ],
)
def test_a_profile_is_asked_for_where_several_could_be_meant(
    profiles: list[str], variables: dict[str, str], asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    opened = Mock(return_value=Mock(profiles=profiles))
    placed = _with_profile(Deployment(), Person(picked="prod"), opened)
    assert placed.profile == ("prod" if asked else None)
