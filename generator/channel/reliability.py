"""Every message once and in order over connections that lose, repeat and reorder: numbers, acknowledgements, resends.

State machines without clock or network: time comes in as a number of seconds, messages go out as values. Both ends of
the protocol follow the same rules, so the same classes serve an agent.

Sending: a message is queued (`Sender.add`) before anything is written to a socket and stays until it is acknowledged,
so that a lost connection loses nothing. Receiving: what comes again is acknowledged again, what comes early waits,
what does not fit is not acknowledged and comes again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from generator.channel import wire

WINDOW = 512  # unacknowledged messages; at 950 a second, enough for a round trip of half a second
EARLY = 4096  # messages that may wait for an earlier one
READY = 4096  # messages that may wait for a reader, 4 MiB
RESENDS_AT_ONCE = 32
GRANULARITY = 0.1  # seconds; both reference implementations check for resends no more often than this
FIRST_TIMEOUT, LONGEST_TIMEOUT = 0.2, 1.0  # seconds
LONGEST_BACKOFF = 4.0  # seconds between resends of one message

Stamp = Callable[[], tuple[UUID, int]]
"""Gives a new message its id and its time in Unix milliseconds."""


class RoundTrip:
    """The retransmission timeout, from measured round trips (RFC 6298 with the protocol's constants)."""

    def __init__(self) -> None:
        self.mean: float | None = None
        self._variation = 0.0
        self.timeout = FIRST_TIMEOUT

    def measured(self, seconds: float) -> None:
        """Take one measurement of a message that was sent only once."""
        if self.mean is None:
            self.mean, self._variation = seconds, seconds / 2
        else:
            self._variation += (abs(self.mean - seconds) - self._variation) / 4
            self.mean += (seconds - self.mean) / 8
        self.timeout = min(max(self.mean + 4 * self._variation, GRANULARITY), LONGEST_TIMEOUT)

    def timed_out(self) -> None:
        """Double the timeout until the next measurement: a resent message measures nothing (RFC 6298, 5.5)."""
        self.timeout = min(self.timeout * 2, LONGEST_TIMEOUT)


@dataclass(slots=True)
class _Pending:
    message: wire.Message
    added: float
    sent: float
    resends: int = 0
    timed: bool = True  # whether its acknowledgement measures a round trip


class Sender:
    """The messages of one direction that are not acknowledged yet."""

    def __init__(self, kind: str, stamp: Stamp, window: int = WINDOW) -> None:
        self.round_trip = RoundTrip()
        self.resent = 0
        self._kind = kind
        self._stamp = stamp
        self._window = window
        self._next = 0
        self._pending: dict[int, _Pending] = {}  # in order of sequence
        self._fresh = False  # a new connection has not carried everything yet
        self._check = float("inf")  # nothing is due before this; may be too early, never late by more than a timeout

    @property
    def unacked(self) -> int:
        """How many messages wait for an acknowledgement."""
        return len(self._pending)

    @property
    def has_room(self) -> bool:
        """Whether the window allows another message."""
        return len(self._pending) < self._window

    def add(self, payload_type: int, payload: bytes, now: float, flags: int = 0) -> wire.Message:
        """Number a message and keep it until acknowledged; return it for the caller to send, which may fail."""
        identifier, created = self._stamp()
        message = wire.Message(self._kind, identifier, created, payload, payload_type, self._next, flags)
        self._pending[self._next] = _Pending(message, now, now)
        self._check = min(self._check, now + self.round_trip.timeout)
        self._next += 1
        return message

    def acknowledged(self, sequence: int, now: float) -> bool:
        """Forget a message; False when it was not pending (a second acknowledgement, usual after a resend)."""
        pending = self._pending.pop(sequence, None)
        if pending is None:
            return False
        if pending.timed:
            self.round_trip.measured(now - pending.sent)
        return True

    def due(self, now: float, limit: int = RESENDS_AT_ONCE) -> list[wire.Message]:
        """The messages to resend now, oldest first; they count as resent. A second call at once returns none.

        After a reconnect everything that was in flight is due, `limit` messages at a time.
        """
        if now < self._check:
            return []
        late = [p for p in self._pending.values() if self._deadline(p) <= now][:limit]
        for pending in late:
            pending.sent, pending.timed = now, False
            pending.resends += 1
        self.resent += len(late)
        if late and not self._fresh:
            self.round_trip.timed_out()
        following = min(map(self._deadline, self._pending.values()), default=float("inf"))
        self._fresh = self._fresh and following <= now
        self._check = following if self._fresh else max(following, now + GRANULARITY)
        return [p.message for p in late]

    def next_due(self) -> float | None:
        """When to call `due` again, on the caller's clock; None when nothing is pending."""
        return self._check if self._pending else None

    def waited(self, now: float) -> float:
        """Seconds the oldest message has waited for its acknowledgement; 0 when none waits."""
        oldest = next(iter(self._pending.values()), None)
        return now - oldest.added if oldest else 0.0

    def reconnected(self, now: float) -> None:
        """Treat everything in flight as lost: it is due at once, and its waiting time starts again."""
        for pending in self._pending.values():
            pending.sent, pending.added, pending.resends, pending.timed = float("-inf"), now, 0, False
        self._check, self._fresh = float("-inf"), bool(self._pending)

    def reset_timers(self, now: float) -> None:
        """Restart every timer at `now`: reading was paused, so no acknowledgement could arrive."""
        for pending in self._pending.values():
            pending.sent, pending.added, pending.timed = max(pending.sent, now), now, False

    def _deadline(self, pending: _Pending) -> float:
        backoff: float = self.round_trip.timeout * 2 ** min(max(pending.resends - 1, 0), 8)
        return pending.sent + min(backoff, LONGEST_BACKOFF)


class Receiver:
    """The messages of one direction, in order, for one reader."""

    def __init__(self, early: int = EARLY, ready: int = READY) -> None:
        self.duplicates = 0
        self._most_early, self._most_ready = early, ready
        self._expected = 0
        self._early: dict[int, wire.Message] = {}
        self._ready: deque[wire.Message] = deque()

    @property
    def has_room(self) -> bool:
        """Whether the next message in order would be taken."""
        return len(self._ready) < self._most_ready

    @property
    def waiting(self) -> int:
        """How many messages are buffered, in order or early."""
        return len(self._ready) + len(self._early)

    def offer(self, message: wire.Message) -> bool:
        """Take a message; True when it is to be acknowledged, as a duplicate is too."""
        number = message.sequence
        if number < self._expected or number in self._early:
            self.duplicates += 1
            return True
        if number > self._expected:
            return self._keep_out_of_order(number, message)
        if not self.has_room:
            return False
        self._ready.append(message)
        self._expected += 1
        while (following := self._early.pop(self._expected, None)) is not None:
            self._ready.append(following)
            self._expected += 1
        return True

    def take(self) -> wire.Message | None:
        """The next message in order; None when it has not arrived."""
        return self._ready.popleft() if self._ready else None

    def _keep_out_of_order(self, number: int, message: wire.Message) -> bool:
        if len(self._early) >= self._most_early:
            return False
        self._early[number] = message
        return True


class Outbox:
    """What is to be sent, before it is cut into messages: bytes are joined, other payloads stay as they are."""

    def __init__(self) -> None:
        self._parts: deque[tuple[int, bytearray]] = deque()
        self.size = 0  # bytes buffered

    def __bool__(self) -> bool:
        return bool(self._parts)

    def put(self, payload_type: int, payload: bytes) -> None:
        """Append. OUTPUT bytes join the OUTPUT bytes before them; nothing is altered or moved past another payload."""
        self.size += len(payload)
        if payload_type == wire.PayloadType.OUTPUT and self._parts and self._parts[-1][0] == payload_type:
            self._parts[-1][1].extend(payload)
        else:
            self._parts.append((payload_type, bytearray(payload)))

    def cut(self) -> tuple[int, bytes]:
        """The next message's payload type and payload, at most MAX_PAYLOAD bytes of OUTPUT."""
        payload_type, buffered = self._parts[0]
        length = min(len(buffered), wire.MAX_PAYLOAD) if payload_type == wire.PayloadType.OUTPUT else len(buffered)
        payload = bytes(buffered[:length])
        del buffered[:length]
        if not buffered:
            self._parts.popleft()
        self.size -= length
        return payload_type, payload
