"""Waiting for AWS: the one loop for whatever takes a while, with a time limit, and through faults that pass."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import TypeVar

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.operations.clock import SYSTEM, Clock

T = TypeVar("T")
OUTAGE_SECONDS = 300.0
"""How long AWS may go without a proper answer, throttled or out of reach, until a wait is given up."""
QUICK = (0.5, 1.0, 1.0, 2.0)
STEADY = (1.0, 1.0, 2.0, 2.0)
"""Seconds between the first looks: at something that takes moments, and at a stack, which takes minutes."""
SANDBOX_SECONDS = 0.1
"""The longest wait between looks at the sandbox: it is on this computer, and nobody else's calls are throttled."""


def waits(first: tuple[float, ...] = QUICK) -> Iterator[float]:
    """Seconds between looks: `first`, then three, so that an end is seen within three seconds. Endless."""
    return itertools.chain(first, itertools.repeat(3.0))


def looks(
    gateway: Gateway,
    look: Callable[[], T],
    limit: float,
    clock: Clock = SYSTEM,
    first: tuple[float, ...] = QUICK,
) -> Iterator[T]:
    """Yield what each `look` gives, with waits between, and end after `limit` seconds; the caller leaves before.

    A transient fault (DeployerError.transient) is waited out and said once; its time does not count against `limit`.
    Raises the fault when it lasts OUTAGE_SECONDS, and any other error of `look` at once.
    """
    end, fault_began = clock.seconds() + limit, math.nan
    for wait in waits(first):
        try:
            answer = look()
        except DeployerError as error:
            fault_began = _wait_out(gateway, error, fault_began, clock.seconds())
        else:
            if not math.isnan(fault_began):
                end, fault_began = end + clock.seconds() - fault_began, math.nan
            yield answer
            if clock.seconds() >= end:
                return
        clock.sleep(min(wait, SANDBOX_SECONDS) if gateway.only_sandbox else wait)


def patiently(gateway: Gateway, call: Callable[[], T], clock: Clock = SYSTEM) -> T:
    """Make one call, again while it fails by a transient fault. Raises as `looks`."""
    return next(looks(gateway, call, math.inf, clock))


def _wait_out(gateway: Gateway, error: DeployerError, began: float, now: float) -> float:
    """When the outage began, which is now unless it goes on. Raises `error` when it does not pass."""
    if not error.transient:
        raise error
    if math.isnan(began):
        gateway.notify(f"{error.message} Trying again, for up to {OUTAGE_SECONDS / 60:.0f} minutes.")
        return now
    if now - began >= OUTAGE_SECONDS:
        raise error
    return began


def then(error: DeployerError | None, step: str) -> str:
    """A hint: what `error` advises first, unless it passes by itself, and then `step`, a phrase in the imperative."""
    first = "" if error is None or error.transient else error.hint.rstrip(".")
    return f"{first}; then {step}" if first else step[:1].upper() + step[1:]
