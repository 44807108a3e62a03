"""Every state that a stack can be in: whether an update may start, and else the one next command."""

from __future__ import annotations

import botocore.loaders
import pytest

from generator.errors import DeployerError
from generator.model.command_line import CommandLine
from generator.model.stack import Stack, StackStatus
from generator.operations.stack import states

STACK_ID = "arn:aws:cloudformation:us-east-1:111122223333:stack/s/1"
UPDATED, BUSY = "an update may start", "events --follow --stack-name s"
MEANS = {
    "REVIEW_IN_PROGRESS": UPDATED,
    "CREATE_IN_PROGRESS": BUSY,
    "CREATE_FAILED": "deployer up --recreate",
    "CREATE_COMPLETE": UPDATED,
    "ROLLBACK_IN_PROGRESS": BUSY,
    "ROLLBACK_FAILED": "deployer up --recreate --stack-name s\nOr remove it with: deployer down",
    "ROLLBACK_COMPLETE": "deployer up --recreate",
    "DELETE_IN_PROGRESS": BUSY,
    "DELETE_FAILED": "deployer down",
    "DELETE_COMPLETE": "deployer events",
    "UPDATE_IN_PROGRESS": BUSY,
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": BUSY,
    "UPDATE_COMPLETE": UPDATED,
    "UPDATE_FAILED": "deployer up --continue-rollback",
    "UPDATE_ROLLBACK_IN_PROGRESS": BUSY,
    "UPDATE_ROLLBACK_FAILED": "--skip LOGICAL_ID",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": BUSY,
    "UPDATE_ROLLBACK_COMPLETE": UPDATED,
    "IMPORT_IN_PROGRESS": BUSY,
    "IMPORT_COMPLETE": UPDATED,
    "IMPORT_ROLLBACK_IN_PROGRESS": BUSY,
    "IMPORT_ROLLBACK_FAILED": "AWS Support",
    "IMPORT_ROLLBACK_COMPLETE": UPDATED,
}


def test_every_state_of_the_service_model_has_a_row() -> None:
    model = botocore.loaders.create_loader().load_service_model("cloudformation", "service-2")
    assert set(model["shapes"]["StackStatus"]["enum"]) == set(MEANS)


@pytest.mark.parametrize(("status", "means"), [*MEANS.items(), ("SOME_NEW_STATE", "deployer events")])
def test_each_state_says_the_one_next_command(status: str, means: str) -> None:
    stack = Stack("s", STACK_ID, StackStatus(status))
    if means == UPDATED:
        states.require_updatable(stack, CommandLine("s"))
        return
    with pytest.raises(DeployerError) as caught:
        states.require_updatable(stack, CommandLine("s"))
    assert f"s is {status}" in caught.value.message and means in caught.value.hint


def test_after_an_update_that_was_not_rolled_back_only_another_such_update_may_start() -> None:
    failed, stuck = (Stack("s", STACK_ID, StackStatus(f"UPDATE_{word}FAILED")) for word in ("", "ROLLBACK_"))
    states.require_updatable(failed, CommandLine("s"), disable_rollback=True)
    with pytest.raises(DeployerError):
        states.require_updatable(stuck, CommandLine("s"), disable_rollback=True)


@pytest.mark.parametrize("status", ["REVIEW_IN_PROGRESS", "CREATE_COMPLETE"])
def test_what_was_only_planned_is_created_and_not_upgraded(status: str) -> None:
    stack = Stack("s", STACK_ID, StackStatus(status))
    if status == "CREATE_COMPLETE":
        states.require_created(stack, CommandLine("s"))
        return
    with pytest.raises(DeployerError, match="planned, not created") as caught:
        states.require_created(stack, CommandLine("s"))
    assert "deployer up --stack-name s" in caught.value.hint
