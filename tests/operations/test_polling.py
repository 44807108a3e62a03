"""The one loop that waits for AWS: its waits, its limit, and what it does about faults."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from generator.errors import AwsError
from generator.operations import polling
from tests.clock import FakeClock

THROTTLED = AwsError("Rate exceeded.", "Wait a minute.", transient=True)
EXPIRED = AwsError("The token is expired.", "Sign in again.", aws_code="ExpiredToken")


class Listener:
    """Stands for the gateway: it keeps what it is told."""

    def __init__(self, only_sandbox: bool = False) -> None:
        self.said: list[str] = []
        self.only_sandbox = only_sandbox

    def notify(self, line: str) -> None:
        self.said.append(line)


def answering(*answers: Any, then: Any = None) -> Callable[[], Any]:
    """A look that gives these one after the other, raising what is an error, and then the same for ever."""
    coming = itertools.chain(answers, itertools.repeat(then))

    def look() -> Any:
        answer = next(coming)
        if isinstance(answer, AwsError):
            raise answer
        return answer

    return look


def test_it_looks_at_once_and_then_at_waits_of_three_seconds_at_most() -> None:
    clock = FakeClock()
    taken = list(itertools.islice(polling.looks(Listener(), answering(), 100, clock), 7))  # type: ignore[arg-type]
    assert len(taken) == 7 and clock.slept == [0.5, 1.0, 1.0, 2.0, 3.0, 3.0]


def test_the_sandbox_is_looked_at_ten_times_a_second() -> None:
    clock = FakeClock()
    list(itertools.islice(polling.looks(Listener(only_sandbox=True), answering(), 100, clock), 3))  # type: ignore[arg-type]
    assert clock.slept == [0.1, 0.1]


def test_it_ends_at_the_limit_after_a_last_look() -> None:
    clock, looked = FakeClock(), list[float]()
    for _ in polling.looks(Listener(), answering(), 10, clock):  # type: ignore[arg-type]
        looked.append(clock.time)
    assert looked[-1] >= 10 > looked[-2]


def test_a_fault_is_said_once_each_time_it_begins() -> None:
    listener, clock = Listener(), FakeClock()
    look = answering("a", THROTTLED, THROTTLED, "b", THROTTLED, "c")
    assert list(itertools.islice(polling.looks(listener, look, 100, clock), 3)) == ["a", "b", "c"]  # type: ignore[arg-type]
    assert listener.said == ["Rate exceeded. Trying again, for up to 5 minutes."] * 2


def test_a_fault_that_lasts_is_raised_after_its_own_limit() -> None:
    clock = FakeClock()
    with pytest.raises(AwsError, match="Rate exceeded"):
        list(polling.looks(Listener(), answering("a", then=THROTTLED), 10_000, clock))  # type: ignore[arg-type]
    assert polling.OUTAGE_SECONDS <= clock.time < polling.OUTAGE_SECONDS + 10


def test_the_time_of_a_fault_does_not_count_against_the_limit() -> None:
    clock = FakeClock()
    look = answering("a", *[THROTTLED] * 40, then="b")
    taken = list(polling.looks(Listener(), look, 10, clock))  # type: ignore[arg-type]
    assert clock.time > 100 and taken.count("b") > 2


def test_any_other_error_is_raised_at_once() -> None:
    clock = FakeClock()
    with pytest.raises(AwsError, match="expired"):
        list(polling.looks(Listener(), answering("a", EXPIRED), 100, clock))  # type: ignore[arg-type]
    assert clock.time < 1


def test_one_call_is_made_again_until_it_succeeds() -> None:
    assert polling.patiently(Listener(), answering(THROTTLED, "done"), FakeClock()) == "done"  # type: ignore[arg-type]
    with pytest.raises(AwsError, match="expired"):
        polling.patiently(Listener(), answering(THROTTLED, EXPIRED), FakeClock())  # type: ignore[arg-type]


def test_a_hint_begins_with_what_the_error_advises_unless_it_passes_by_itself() -> None:
    assert polling.then(EXPIRED, "look again") == "Sign in again; then look again"
    assert polling.then(THROTTLED, "look again") == polling.then(None, "look again") == "Look again"
