"""When a command runs on which node: MaxConcurrency and MaxErrors (user guide, "Using targets and rate controls").

As many nodes as MaxConcurrency says run it at a time. When one more has failed than MaxErrors says, no further node
gets it; those that run it already go on to their end.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Mapping
from dataclasses import dataclass

from generator.errors import DeployerError
from generator.sandbox.ssm.shell import Outcome

DELIVERY_SECONDS = 0.1  # a caller that polls sees InProgress first
_CONCURRENCY = re.compile(r"([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)")  # both as the API's model has them
_ERRORS = re.compile(r"([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)")
_UNDELIVERABLE = Outcome(-1)


@dataclass(frozen=True)
class Invocation:
    """A command's run on one node: from when to when (Unix seconds), what it did, and how AWS calls the end.

    `detail` is StatusDetails. Which Status goes with Terminated the documentation does not say; Cancelled is assumed.
    """

    started: float
    ended: float
    outcome: Outcome
    status: str
    detail: str

    @property
    def counts(self) -> bool:
        """Whether it counts against MaxErrors: what was never delivered does not."""
        return self.detail in ("Failed", "ExecutionTimedOut")


@dataclass(frozen=True)
class Rate:
    """How many nodes run a command at a time, and how many may fail."""

    concurrency: int
    errors: int


def rate(concurrency: str, errors: str, targets: int) -> Rate:
    """The two limits for so many targets; percentages are rounded down. Refused: ValidationException."""
    for name, value, pattern in (("maxConcurrency", concurrency, _CONCURRENCY), ("maxErrors", errors, _ERRORS)):
        if not pattern.fullmatch(value):
            raise DeployerError(
                f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: Member must "
                f"satisfy regular expression pattern: ^{pattern.pattern}$",
                code="ValidationException",
            )
    return Rate(max(1, _share(concurrency, targets)), _share(errors, targets))


def _share(value: str, targets: int) -> int:
    return targets * int(value[:-1]) // 100 if value.endswith("%") else int(value)


def schedule(outcomes: Mapping[str, Outcome | None], limits: Rate, now: float, timeout: float) -> dict[str, Invocation]:
    """What happens on each node, in the order given. None in place of an outcome: the node cannot be reached."""
    made: dict[str, Invocation] = {}
    running: list[tuple[float, str]] = []
    for name, outcome in outcomes.items():
        start = heapq.heappop(running)[0] if len(running) >= limits.concurrency else now
        failed = sorted(each.ended for each in made.values() if each.counts and each.ended <= start)
        if len(failed) > limits.errors:
            made[name] = Invocation(start, failed[limits.errors], Outcome(-1), "Cancelled", "Terminated")
        else:
            made[name] = _invocation(outcome, start, timeout)
        heapq.heappush(running, (made[name].ended, name))
    return made


def _invocation(outcome: Outcome | None, start: float, timeout: float) -> Invocation:
    if outcome is None:
        return Invocation(start, start + DELIVERY_SECONDS, _UNDELIVERABLE, "Failed", "Undeliverable")
    if outcome.seconds > timeout:
        end = start + DELIVERY_SECONDS + timeout
        return Invocation(start, end, Outcome(-1, outcome.out, outcome.err), "TimedOut", "ExecutionTimedOut")
    status = "Failed" if outcome.code else "Success"
    return Invocation(start, start + DELIVERY_SECONDS + outcome.seconds, outcome, status, status)


def overall(invocations: Mapping[str, Invocation], limits: Rate) -> tuple[str, str]:
    """Status and StatusDetails of a command whose invocations have all ended (user guide, "Command statuses")."""
    ends = [each.detail for each in invocations.values()]
    if not ends:
        return "Success", "NoInstancesInTag"
    if sum(each.counts for each in invocations.values()) > limits.errors:
        timed_out = "Failed" not in ends
        return ("TimedOut", "ExecutionTimedOut") if timed_out else ("Failed", "Failed")
    return ("Success", "Success") if set(ends) == {"Success"} else ("Failed", "Incomplete")
