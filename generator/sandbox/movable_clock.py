"""The time by which rules come due and sessions reach their maximum duration: this computer's, or put ahead of it."""

from __future__ import annotations

import time


class MovableClock:
    """This computer's time and how far it was put ahead, in seconds."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self.ahead


CLOCK = MovableClock()
"""The one of this sandbox; POST /_sandbox/clock moves it (scheduled_rules)."""
