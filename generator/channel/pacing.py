"""How fast to send: a token bucket without a clock.

Sustained sending of more than about 1,000 messages a second gets the socket closed (github.com/Cyberax/gimlet,
README), and the reference client sleeps a millisecond after each. Acknowledgements may not wait, or the other end
resends; they are charged afterwards, at half price, or a full download would leave nothing for an upload. The
reference client sends up to 1,000 of either at once.
"""

from __future__ import annotations

RATE = 950.0  # messages a second
BURST = 32.0  # messages that may follow one another after a pause
BATCH = 4.0  # messages to wait for at once, so that a limited sender does not wake for each
ACKNOWLEDGEMENT = 0.5  # what one costs, in messages


class Pacer:
    """Tokens, one per message, refilled at `rate` a second; a rate of 0 sets no limit. Times in seconds."""

    def __init__(self, rate: float = RATE, burst: float = BURST) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._seen: float | None = None

    def ready(self, now: float) -> bool:
        """Whether a message may be sent now."""
        self._refill(now)
        return self._rate == 0 or self._tokens >= 1

    def spend(self, now: float, price: float = 1.0) -> None:
        """Count something as sent. The bucket may go negative, at most by one burst."""
        self._refill(now)
        self._tokens = max(self._tokens - price, -self._burst)

    def wait(self, now: float) -> float:
        """Seconds until a few messages may be sent."""
        self._refill(now)
        return max(0.0, (BATCH - self._tokens) / self._rate) if self._rate else 0.0

    def _refill(self, now: float) -> None:
        if self._seen is not None:
            self._tokens = min(self._burst, self._tokens + (now - self._seen) * self._rate)
        self._seen = now
