"""What a session needs and reports: its grant, the calls to AWS, options, statistics, its end."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Literal, Protocol

from generator.channel import pacing

CLIENT_VERSION = "1.2.764.0"  # decides which features agents use; the service accepts 1.2.764.0 and later


@dataclass(frozen=True, slots=True)
class SessionGrant:
    """A started session, as StartSession answers. `target_id` is the instance's id; the token is a secret."""

    session_id: str
    stream_url: str
    token: str = field(repr=False)
    target_id: str = ""


@dataclass(frozen=True, slots=True)
class DataKey:
    """A KMS data key of 64 bytes, in clear and as KMS encrypted it."""

    plaintext: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)


class SessionService(Protocol):
    """The calls to AWS for sessions of one kind: one target, one document, one set of parameters.

    Methods may block; each runs in a worker thread. A refusal is an `AwsError` with an `aws_code` or a `NotFound`;
    any other `DeployerError` or `OSError` counts as temporary and is retried where that makes sense.
    """

    def start(self) -> SessionGrant:
        """ssm:StartSession."""

    def resume(self, session_id: str) -> str:
        """ssm:ResumeSession: a new token, or "" when the session is over."""

    def terminate(self, session_id: str) -> None:
        """ssm:TerminateSession."""

    def sign(self, url: str) -> Mapping[str, str]:
        """Headers for the GET that opens the websocket, SigV4 for `ssmmessages`; empty for an unsigned opening."""

    def generate_data_key(self, key_id: str, context: Mapping[str, str]) -> DataKey:
        """kms:GenerateDataKey of 64 bytes under that encryption context."""


@dataclass(frozen=True, slots=True)
class ChannelOptions:
    """How a channel behaves; the defaults fit AWS. Times in seconds, rates in messages a second."""

    rate: float = pacing.RATE  # 0: no limit
    client_version: str = CLIENT_VERSION
    handshake_timeout: float = 45.0  # the agent waits 15 s for each of its steps
    resume_for: float = 300.0  # how long to try to resume a lost connection
    ping_interval: float = 60.0
    ping_timeout: float = 20.0
    silence: float = 15.0  # no frame for this long while data is unacknowledged means a dead connection
    give_up: float = 300.0  # the longest a message may wait for its acknowledgement while connected
    half_close: float = 10.0  # how long an answer may pause once the local side has finished
    keepalive: float | None = None  # send something this often, against idle timeouts
    until: datetime | None = None  # when access ends: the channel closes, and no new session is opened
    proxy: str | Literal[True] | None = True  # True: as the environment says
    ca_bundle: str = ""  # a PEM file of the authorities to trust; "": the system's


class EndKind(Enum):
    """How a channel ended."""

    LOCAL = "local"  # this side closed it
    REMOTE = "remote"  # the service closed it: the far end finished, a timeout, an administrator
    LOST = "lost"  # the connection was lost, and the session could not be resumed
    ACCESS_ENDED = "access-ended"  # ChannelOptions.until is reached


@dataclass(frozen=True, slots=True)
class End:
    """The end of a channel. `reason` is a sentence or the service's own words, empty after a normal end."""

    kind: EndKind
    reason: str = ""


@dataclass(slots=True)
class Stats:
    """Statistics of a channel or a tunnel. Bytes are payload bytes of the user's data."""

    session_id: str = ""
    agent_version: str = ""
    sent: int = 0
    received: int = 0
    messages_sent: int = 0
    messages_received: int = 0
    resent: int = 0
    duplicates: int = 0
    bad_frames: int = 0
    unacked: int = 0
    round_trip: float | None = None  # seconds
    connected: bool = False
    reconnects: int = 0
    sessions: int = 0
    connections: int = 0  # open now
    connections_total: int = 0
    refused: int = 0  # connections the far port refused
    not_terminated: str = ""  # the id of a session whose end could not be confirmed
    _marks: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=64), repr=False)

    def rate(self, now: float, over: float = 5.0) -> float:
        """Bytes a second in both directions over about the last `over` seconds; call it each time it is shown."""
        self._marks.append((now, self.sent + self.received))
        while len(self._marks) > 2 and self._marks[1][0] <= now - over:
            self._marks.popleft()
        (then, before), (_, total) = self._marks[0], self._marks[-1]
        return (total - before) / (now - then) if now > then else 0.0


def newer_than(version: str, than: str) -> bool:
    """Whether a dotted version number is above another; an unreadable one counts as newer."""
    try:
        return [int(part) for part in version.split(".")] > [int(part) for part in than.split(".")]
    except ValueError:
        return True
