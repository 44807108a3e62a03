"""A clock that goes on only by sleeping."""

from datetime import UTC, datetime, timedelta

from generator.operations.clock import Clock

START = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


class FakeClock(Clock):
    """Time in seconds since it was made, and as a date from START on; `slept` are the waits."""

    slept: list[float]

    def __init__(self) -> None:
        slept: list[float] = []
        super().__init__(slept.append, lambda: sum(slept), lambda: START + timedelta(seconds=sum(slept)))
        object.__setattr__(self, "slept", slept)

    @property
    def time(self) -> float:
        """Seconds since it was made."""
        return self.seconds()
