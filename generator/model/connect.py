"""Shells and tunnels: what was asked for, the plan, the figures while they are open, the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from generator.model.caller import Caller
from generator.model.forward import ForwardSpec
from generator.model.plugin import Plugin
from generator.model.session import Client, SessionRequest, Target


@dataclass(frozen=True)
class ConnectRequest:
    """A shell, or with `forwards` tunnels. `length` ends it after that time; `selftest` measures a shell session."""

    target: str = ""
    forwards: tuple[ForwardSpec, ...] = ()
    command: str = ""
    client: Client = Client.native
    reason: str = ""
    document: str = ""
    signed: bool = True
    length: timedelta | None = None
    selftest: bool = False


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
