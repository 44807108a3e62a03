"""Stopped at each of its calls in turn, a command leaves no change set, no empty stack and no lifted stack policy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ReadTimeoutError

from generator.operations import polling
from tests.embedded import PLACE, VENDOR_ROLE, Deployer, Outcome

EXECUTE = "ExecuteChangeSet"
GRANT = ("access", "grant", "--principal", VENDOR_ROLE, "--for", "8h", "--yes")
IMAGE = ("up", "--image-id", "ami-0123456789abcdef0", "--allow-replacement", "Instance")


@contextmanager
def stopped(at: int, *, answered: bool, by: type[BaseException] = KeyboardInterrupt) -> Iterator[list[str]]:
    """The call number `at` (from 0) ends by this exception, before AWS has it or after AWS has done it."""
    made: list[str] = []
    real = BaseClient._make_api_call

    def call(self: Any, operation: str, params: Any) -> Any:
        made.append(operation)
        if len(made) - 1 != at:
            return real(self, operation, params)
        if answered:
            with suppress(ClientError):
                real(self, operation, params)
        raise by(endpoint_url="x") if by is ReadTimeoutError else by()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", call)
        yield made


def each_call(run: Any, *, answered: bool) -> Iterator[tuple[str, Outcome]]:
    """The command stopped at its first call, its second and so on, up to the one that executes; how it ended."""
    for at in range(60):
        with stopped(at, answered=answered) as made:
            ended = run()
        if EXECUTE in made[:at] or (answered and made[at] == EXECUTE):
            return
        yield made[at], ended
    raise AssertionError("it never came to execute")


def open_change_sets(deployer: Deployer) -> list[str]:
    client = deployer.gateway.client("cloudformation")
    try:
        listed = client.list_change_sets(StackName=deployer.stack_name)["Summaries"]
    except client.exceptions.ClientError:
        return []
    return [each["ChangeSetName"] for each in listed if each["ExecutionStatus"] != "EXECUTE_COMPLETE"]


@pytest.mark.parametrize("answered", [False, True], ids=["not sent", "answer lost"])
def test_a_creation_leaves_no_stack(answered: bool, deployer: Deployer) -> None:
    for operation, ended in each_call(lambda: deployer.up(*PLACE), answered=answered):
        assert ended.code == 130, (operation, ended.err)
        assert deployer("status").code == 4, operation


@pytest.mark.parametrize("answered", [False, True], ids=["not sent", "answer lost"])
@pytest.mark.parametrize("words", [(*IMAGE, "--yes"), GRANT], ids=["up", "grant"])
def test_a_change_leaves_no_change_set(words: tuple[str, ...], answered: bool, deployer: Deployer) -> None:
    deployer.create()
    policy = deployer.gateway.cloudformation.get_stack_policy(deployer.stack_name)
    for operation, ended in each_call(lambda: deployer(*words), answered=answered):
        assert ended.code == 130, (operation, ended.err)
        assert open_change_sets(deployer) == [], operation
        left = deployer.gateway.cloudformation.get_stack_policy(deployer.stack_name)
        assert json.loads(left) == json.loads(policy), operation


def test_a_change_set_whose_answer_is_lost_is_deleted_by_its_name(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "OUTAGE_SECONDS", 0.1)
    for words, at, code in ((PLACE, 1, 4), (("--support-user=no",), 2, 0)):
        with stopped(at, answered=True, by=ReadTimeoutError) as made:
            ended = deployer.up(*words)
        assert made[at] == "CreateChangeSet" and ended.code == 1, ended.err
        assert open_change_sets(deployer) == [] and deployer("status").code == code
        if code == 4:
            deployer.create()


def test_a_stack_that_somebody_has_planned_is_left_as_it_was(deployer: Deployer) -> None:
    client = deployer.gateway.client("cloudformation")
    body = json.dumps({"Resources": {"G": {"Type": "AWS::SNS::Topic"}}})
    client.create_change_set(
        StackName=deployer.stack_name, ChangeSetName="theirs", ChangeSetType="CREATE", TemplateBody=body
    )
    planned = deployer("up", *PLACE, "--plan")
    assert planned.code == 0 and "voids the change sets that others have made" in planned.out, planned.out
    for operation, ended in each_call(lambda: deployer.up(*PLACE), answered=True):
        assert ended.code == 130, (operation, ended.err)
        assert open_change_sets(deployer) == ["theirs"], operation
        stack = deployer.gateway.cloudformation.describe_stack(deployer.stack_name)
        assert (stack.status, stack.termination_protection) == ("REVIEW_IN_PROGRESS", False), operation
