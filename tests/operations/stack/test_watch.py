"""Following an operation: order, the end, the cause, and how often AWS is asked."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import accumulate, pairwise, takewhile

import pytest

from generator.errors import AwsError, DeployerError
from generator.model.command_line import CommandLine
from generator.model.stack import Stack, StackEvent, StackStatus
from generator.operations import polling
from generator.operations.stack import watch
from generator.operations.stack.watch import NotFollowed, failure, follow
from tests.clock import FakeClock

THROTTLED = AwsError("Rate exceeded.", "Wait.", aws_code="Throttling", transient=True)
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
    """Stands for the gateway: each call gives the next batch, or raises it; after the last one nothing comes.

    `status` is the stack's, `asked` the event and the token that each call named.
    """

    only_sandbox = False

    def __init__(self, *batches: Sequence[StackEvent] | DeployerError, status: str = "UPDATE_IN_PROGRESS") -> None:
        self.batches = list(batches)
        self.asked: list[tuple[str | None, str | None]] = []
        self.said: list[str] = []
        self.status = StackStatus(status)
        self.cloudformation = self

    def stack_events(self, stack_id: str, *, after: str | None, token: str | None = None) -> Sequence[StackEvent]:
        self.asked.append((after, token))
        batch = self.batches.pop(0) if self.batches else []
        if isinstance(batch, DeployerError):
            raise batch
        return batch

    def describe_stack(self, name: str) -> Stack:
        return Stack("s", STACK_ID, self.status)

    def notify(self, line: str) -> None:
        self.said.append(line)

    @property
    def commands(self) -> CommandLine:
        return CommandLine()


def test_one_call_a_round_until_the_stacks_own_terminal_event() -> None:
    """Only the first event is told by the token: what comes after it is of the same operation under any token."""
    first, second, last = (
        event(1, "s", "CREATE_IN_PROGRESS"),
        event(2, "User", "CREATE_COMPLETE"),
        event(3, "s", "CREATE_COMPLETE"),
    )
    gateway, clock = Canned([], [first], [], [second, last]), FakeClock()
    assert list(follow(gateway, STACK_ID, "t", clock)) == [first, second, last]  # type: ignore[arg-type]
    assert gateway.asked == [(None, "t"), (None, "t"), ("1", None), ("1", None)] and clock.slept == [1.0, 1.0, 2.0]


def test_a_cleanup_in_progress_is_not_the_end() -> None:
    cleanup, last = event(1, "s", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"), event(2, "s", "UPDATE_COMPLETE")
    assert list(follow(Canned([cleanup], [last]), STACK_ID, "t", FakeClock())) == [cleanup, last]  # type: ignore[arg-type]


def test_a_final_state_ends_it_though_no_event_says_so() -> None:
    began = event(1, "s", "UPDATE_IN_PROGRESS")
    gateway, clock = Canned([began], status="UPDATE_ROLLBACK_COMPLETE"), FakeClock()
    _, end = follow(gateway, STACK_ID, "t", clock)  # type: ignore[arg-type]
    assert end.ends_operation and end.status == "UPDATE_ROLLBACK_COMPLETE" and end.is_of_stack
    assert watch.QUIET_SECONDS <= clock.time < watch.QUIET_SECONDS + 10


def test_an_event_that_is_late_counts_and_not_the_state() -> None:
    began, end = event(1, "s", "UPDATE_IN_PROGRESS"), event(2, "s", "UPDATE_ROLLBACK_COMPLETE")
    looks = 1 + len(list(takewhile(lambda t: t < watch.QUIET_SECONDS, accumulate(polling.waits(polling.STEADY)))))
    gateway = Canned([began], *[[]] * looks, [end], status="UPDATE_ROLLBACK_COMPLETE")
    assert list(follow(gateway, STACK_ID, "t", FakeClock())) == [began, end]  # type: ignore[arg-type]


def test_an_operation_that_shows_no_event_on_a_stack_at_rest_has_not_begun() -> None:
    """A stack that is UPDATE_COMPLETE from the update before is no success of this one."""
    gateway, clock = Canned(status="UPDATE_COMPLETE"), FakeClock()
    with pytest.raises(watch.NotBegun, match="s is UPDATE_COMPLETE, and AWS shows no event") as caught:
        list(follow(gateway, STACK_ID, "t", clock))  # type: ignore[arg-type]
    assert clock.time < watch.QUIET_SECONDS + 10 and "run the same command again" in caught.value.hint


def test_an_operation_without_an_end_is_left_after_a_limit_with_the_next_step() -> None:
    gateway, clock = Canned([event(1, "s", "UPDATE_IN_PROGRESS")]), FakeClock()
    with pytest.raises(NotFollowed, match="stack s continues in AWS") as caught:
        list(follow(gateway, STACK_ID, "t", clock))  # type: ignore[arg-type]
    assert watch.FOLLOW_SECONDS <= clock.time < watch.FOLLOW_SECONDS + 10
    assert "events --follow --stack-name s" in caught.value.hint and "same command again" in caught.value.hint


@pytest.mark.parametrize("at", [0, 1, 2], ids=["first", "second", "last"])
def test_throttling_at_any_poll_is_waited_out_and_said_once(at: int) -> None:
    began, last = event(1, "s", "UPDATE_IN_PROGRESS"), event(2, "s", "UPDATE_COMPLETE")
    batches: list[Sequence[StackEvent] | DeployerError] = [[began], [], [last]]
    batches[at:at] = [THROTTLED, THROTTLED]
    gateway, clock = Canned(*batches), FakeClock()
    assert list(follow(gateway, STACK_ID, "t", clock)) == [began, last]  # type: ignore[arg-type]
    assert gateway.said == ["Rate exceeded. Trying again, for up to 5 minutes."]


@pytest.mark.parametrize("at", [0, 1, 2], ids=["first", "second", "last"])
def test_an_expired_token_says_that_it_goes_on_and_how_to_follow(at: int) -> None:
    batches: list[Sequence[StackEvent] | DeployerError] = [[event(1, "s", "UPDATE_IN_PROGRESS")], [], []]
    batches[at:at] = [AwsError("The token is expired.", "Sign in again.", aws_code="ExpiredToken")]
    with pytest.raises(NotFollowed) as caught:
        list(follow(Canned(*batches), STACK_ID, "t", FakeClock()))  # type: ignore[arg-type]
    assert "continues in AWS" in caught.value.message and "The token is expired." in caught.value.message
    assert caught.value.exit_code == 1
    assert caught.value.hint.startswith("Sign in again; then follow it with: deployer events --follow")


def test_polling_is_frugal_and_prompt() -> None:
    times = list(takewhile(lambda t: t < 17, accumulate(polling.waits(polling.STEADY))))
    assert len(times) + 2 <= 9, "polls of an operation of 17 s: the first at once, one after its end"
    assert max(b - a for a, b in pairwise(times)) <= 3


def test_the_cause_is_the_first_failure_in_its_own_right() -> None:
    cancelled = event(1, "A", "CREATE_FAILED", "Resource creation cancelled")
    cause = event(2, "B", "CREATE_FAILED", "User x already exists")
    found = failure([cancelled, cause, event(3, "s", "ROLLBACK_COMPLETE")], CommandLine())
    assert found is not None and found.cause == cause and "exists outside this stack" in found.hint
    assert failure([event(3, "s", "UPDATE_COMPLETE")], CommandLine()) is None
