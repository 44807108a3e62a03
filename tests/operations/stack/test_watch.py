"""Following an operation: order, the end, the cause, and how often AWS is asked."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import accumulate, pairwise, takewhile

import pytest

from generator.errors import DeployerError
from generator.model.stack import Stack, StackEvent, StackStatus
from generator.operations.stack import states
from generator.operations.stack.watch import failure, follow, waits

STACK_ID = "arn:aws:cloudformation:us-east-1:111122223333:stack/s/1"


def event(number: int, logical_id: str, status: str, reason: str = "") -> StackEvent:
    own = logical_id == "s"
    return StackEvent(
        event_id=str(number),
        stack_id=STACK_ID,
        logical_id=logical_id,
        physical_id=STACK_ID if own else logical_id,
        resource_type="AWS::CloudFormation::Stack" if own else "AWS::IAM::User",
        status=StackStatus(status),
        reason=reason,
        time=datetime(2026, 12, 1, tzinfo=UTC),
    )


class Canned:
    """Stands for the gateway: each call gives the next batch."""

    def __init__(self, *batches: Sequence[StackEvent]) -> None:
        self.batches = list(batches)
        self.calls: list[str | None] = []
        self.cloudformation = self

    def stack_events(self, stack_id: str, *, after: str | None, token: str | None) -> Sequence[StackEvent]:
        self.calls.append(after)
        return self.batches.pop(0)


def test_one_call_a_round_until_the_stacks_own_terminal_event() -> None:
    first, second, last = (
        event(1, "s", "CREATE_IN_PROGRESS"),
        event(2, "User", "CREATE_COMPLETE"),
        event(3, "s", "CREATE_COMPLETE"),
    )
    gateway, slept = Canned([first], [], [second, last]), []
    assert list(follow(gateway, STACK_ID, "t", slept.append)) == [first, second, last]  # type: ignore[arg-type]
    assert gateway.calls == [None, "1", "1"] and slept == [1.0, 1.0]


def test_a_cleanup_in_progress_is_not_the_end() -> None:
    cleanup, last = event(1, "s", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"), event(2, "s", "UPDATE_COMPLETE")
    assert list(follow(Canned([cleanup], [last]), STACK_ID, "t", lambda _: None)) == [cleanup, last]  # type: ignore[arg-type]


def test_polling_is_frugal_and_prompt() -> None:
    times = list(takewhile(lambda t: t < 17, accumulate(waits())))
    assert len(times) + 2 <= 9, "polls of an operation of 17 s: the first at once, one after its end"
    assert max(b - a for a, b in pairwise(times)) <= 3


def test_the_cause_is_the_first_failure_in_its_own_right() -> None:
    cancelled = event(1, "A", "CREATE_FAILED", "Resource creation cancelled")
    cause = event(2, "B", "CREATE_FAILED", "User x already exists")
    found = failure([cancelled, cause, event(3, "s", "ROLLBACK_COMPLETE")])
    assert found is not None and found.cause == cause and "made outside this stack" in found.hint
    assert failure([event(3, "s", "UPDATE_COMPLETE")]) is None


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("ROLLBACK_COMPLETE", "--recreate"),
        ("UPDATE_ROLLBACK_FAILED", "--continue-rollback"),
        ("DELETE_FAILED", "deployer down"),
        ("UPDATE_IN_PROGRESS", "events --follow"),
        ("SOME_NEW_STATE", "deployer events"),
    ],
)
def test_each_dead_state_says_the_one_next_command(status: str, says: str) -> None:
    with pytest.raises(DeployerError) as caught:
        states.require_updatable(Stack("s", STACK_ID, StackStatus(status)))
    assert status in caught.value.message and says in caught.value.hint
