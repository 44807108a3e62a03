"""Shells and tunnels: what was asked for, the plan, the figures while they are open, the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from generator.errors import UsageError
from generator.model.caller import Caller
from generator.model.forward import ForwardSpec
from generator.model.plugin import Plugin
from generator.model.session import Client, SessionRequest, Target


@dataclass(frozen=True)
class ConnectRequest:
    """A shell, or with `forwards` tunnels. `parameters` are those of `document`, name to value. `length` ends it after
    that time; `selftest` measures a shell session."""

    target: str = ""
    forwards: tuple[ForwardSpec, ...] = ()
    command: str = ""
    client: Client = Client.native
    reason: str = ""
    document: str = ""
    signed: bool = True
    length: timedelta | None = None
    selftest: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)


def parse_parameters(given: Sequence[str], document: str, *, tunnel: bool) -> Mapping[str, str]:
    """NAME=VALUE each, the parameters of a session document. Raises UsageError for what is none, or has no document."""
    if given and tunnel:
        raise UsageError("A tunnel's parameters are those of -L.", "Leave --parameter out.", code="parameters")
    if given and not document:
        raise UsageError(
            "--parameter gives a value to a parameter of a session document, and none is named.",
            "Name it: --document NAME --parameter NAME=VALUE",
            code="parameters",
        )
    values: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise UsageError(
                f"{text!r} is not a parameter with its value.",
                "Give NAME=VALUE, for example: --parameter command='df -h'",
                code="parameters",
            )
        if name in values:
            raise UsageError(f"The parameter {name} is given twice.", "Keep one of them.", code="parameters")
        values[name] = value
    return values


@dataclass(frozen=True)
class PlannedSession:
    """One session of a plan: the request, and the forwards that lead into it (none for a shell)."""

    request: SessionRequest
    forwards: tuple[ForwardSpec, ...] = ()


@dataclass(frozen=True)
class ConnectPlan:
    """What will be opened, where, by which client, until when."""

    target: Target
    sessions: tuple[PlannedSession, ...]
    plugin: Plugin | None = None
    command: str = ""
    signed: bool = True
    until: datetime | None = None
    assumed: bool = False
    """Whether the documents are a stack's by their names alone, as the caller may not read it."""

    @property
    def is_shell(self) -> bool:
        """Whether it is a shell rather than tunnels."""
        return not self.sessions[0].forwards


@dataclass(frozen=True)
class TunnelView:
    """One forward and its figures: bytes, bytes a second, seconds left (None: no end known)."""

    local: str
    far_end: str
    sent: int = 0
    received: int = 0
    rate: float = 0.0
    connections: int = 0
    connected: bool = True
    reconnects: int = 0
    sessions: int = 1
    refused: int = 0
    left: float | None = None
    session_id: str = ""


@dataclass(frozen=True)
class ConnectResult:
    """How it ended. `exit_code` is the remote end's, or the command's that ran meanwhile."""

    target: str
    client: str
    tunnels: tuple[TunnelView, ...] = ()
    ended: str = ""
    exit_code: int = 0
    not_ended: tuple[str, ...] = ()


class SessionCaller(Caller, Protocol):
    """A caller of verbs that open a session on one instance."""

    def choose(self, targets: Sequence[Target]) -> Target | None:
        """Choose one of several instances that fit; None where nobody can be asked."""
        ...


def accepted_line(port: int, session_id: str) -> str:
    """What a person reads of a connection that a tunnel took."""
    return f"Connection accepted on port {port} for session {session_id}"


class TunnelCaller(SessionCaller, Protocol):
    """A caller that shows tunnels while they are open."""

    def opened(self, tunnels: Sequence[TunnelView]) -> None:
        """Show that every tunnel listens."""
        ...

    def accepted(self, port: int, session_id: str) -> None:
        """Show that a connection to this local port was accepted, and is carried by this session."""
        ...

    def tick(self, tunnels: Sequence[TunnelView]) -> None:
        """Show the figures as they are now; called about every second."""
        ...
