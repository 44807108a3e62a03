"""Sessions as a person asks for them: where to, which ports, by which client; and what AWS answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from generator.errors import UsageError

LONGEST_REASON = 256
_INSTANCE_ID = re.compile(r"(i|mi)-[0-9a-f]{8,17}")


class Client(StrEnum):
    """Which data channel carries a session: our own, or that of AWS's session-manager-plugin."""

    native = "native"
    plugin = "plugin"


class Via(StrEnum):
    """How the bytes go."""

    auto = "auto"
    ssh = "ssh"
    session = "session"
    bucket = "bucket"


def check_reason(reason: str) -> str:
    """The reason as StartSession takes it: one line of at most 256 characters. Raises UsageError."""
    if len(reason) > LONGEST_REASON or "\n" in reason:
        raise UsageError("A reason is one line of at most 256 characters.", "Shorten --reason.", code="reason")
    return reason


def is_instance_id(text: str) -> bool:
    """Whether the text is an instance's id, or a managed node's."""
    return _INSTANCE_ID.fullmatch(text) is not None


@dataclass(frozen=True)
class Target:
    """An instance a session may go to."""

    instance_id: str
    name: str = ""
    private_ip: str = ""
    state: str = ""
    private_dns: str = ""
    zone: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """One line to pick it by."""
        parts = (self.instance_id, self.name, self.private_ip, "" if self.state == "running" else self.state)
        return "  ".join(part for part in parts if part)


@dataclass(frozen=True)
class StartedSession:
    """What StartSession answers. The token opens the data channel: it is a secret."""

    session_id: str
    stream_url: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class SessionRequest:
    """One StartSession: document and parameters; no document is the account's own default shell."""

    target: str
    document: str = ""
    parameters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reason: str = ""
    otherwise: SessionRequest | None = None
    """What to ask for where the document does not exist or may not be used."""
    optional: bool = False
    """Whether few accounts have the document: if this is refused too, what was refused before is told."""

    def as_call(self) -> dict[str, object]:
        """The parameters of the API call."""
        call: dict[str, object] = {"Target": self.target}
        if self.document:
            call["DocumentName"] = self.document
        if self.parameters:
            call["Parameters"] = {name: list(values) for name, values in self.parameters.items()}
        return {**call, "Reason": self.reason} if self.reason else call


@dataclass(frozen=True)
class DocumentVersions:
    """A document's version that sessions go by, and its latest one."""

    name: str
    default: str
    latest: str


@dataclass(frozen=True)
class Node:
    """A managed node as Systems Manager sees it. `ping` is Online, ConnectionLost or Inactive."""

    instance_id: str
    ping: str
    agent_version: str = ""
    last_ping: datetime | None = None
    platform: str = ""


@dataclass(frozen=True)
class Session:
    """A Session Manager session as DescribeSessions lists it.

    `address` and `agent` are where it was started from and by which program, as far as CloudTrail has it.
    """

    session_id: str
    target: str
    status: str
    owner: str = ""
    document: str = ""
    reason: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    address: str = ""
    agent: str = ""


@dataclass(frozen=True)
class EndRequest:
    """Which sessions to end: those with these ids; with none, the live ones of an owner, on a target, or all."""

    session_ids: tuple[str, ...] = ()
    owner: str = ""
    target: str = ""


@dataclass(frozen=True)
class EndPlan:
    """The sessions that would be ended."""

    sessions: tuple[Session, ...]


@dataclass(frozen=True)
class EndReport:
    """What became of sessions that were to end. `unseen`: the end was asked for, but this caller may not look."""

    ended: tuple[str, ...] = ()
    already: tuple[str, ...] = ()
    still_open: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()

    @property
    def proved(self) -> bool:
        """Whether every one is known to be over."""
        return not self.still_open and not self.unseen
