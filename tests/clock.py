"""A clock that goes on only by sleeping."""

from generator.operations.polling import Clock


class FakeClock(Clock):
    """Time in seconds since it was made; `slept` are the waits."""

    slept: list[float]

    def __init__(self) -> None:
        slept: list[float] = []
        super().__init__(slept.append, lambda: sum(slept))
        object.__setattr__(self, "slept", slept)

    @property
    def time(self) -> float:
        """Seconds since it was made."""
        return self.now()
