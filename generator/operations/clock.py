"""The one clock of the operations. A verb is given it and hands on the time; a decision takes `now` and reads none."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def _utc() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Clock:
    """Time as a verb sees it; a test brings its own.

    `now` is the time of day (UTC), for ends and evidence. `seconds` only goes forward, for limits and durations.
    """

    sleep: Callable[[float], None] = time.sleep
    seconds: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _utc


SYSTEM = Clock()
"""The computer's. In operations it is a default value and nothing else (tests/test_clock.py)."""
