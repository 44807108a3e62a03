"""The sessions of the sandbox: owner, start, status, and the token of the channel.

Session and status names are the API's. Tokens live in memory only: after a restart nothing of a channel is left, so
sessions that were live are loaded as ended.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from generator.model.arn import Arn

LIVE = ("Connected", "Connecting", "Disconnected", "Terminating")
HISTORY_SECONDS = 30 * 86_400  # how long AWS keeps ended sessions


@dataclass
class Session:
    """One session. Times are Unix seconds; `plan` is the session's type, properties and inputs from its document."""

    id: str
    account: str
    region: str
    target: str
    document: str
    owner: str  # ARN
    owner_id: str  # aws:userid of the owner: AWS's own tag on the session
    reason: str
    started: float
    plan: dict[str, Any]
    status: str = "Connected"
    ended: float = 0.0
    token: str = field(default="", repr=False)

    @property
    def live(self) -> bool:
        """Whether the session still counts as active."""
        return self.status in LIVE

    @property
    def tags(self) -> dict[str, str]:
        """The tags that AWS itself sets on a session."""
        return {"aws:ssmmessages:session-id": self.owner_id, "aws:ssmmessages:target-id": self.target}


_sessions: dict[str, Session] = {}
_on_end: list[Callable[[Session, str], None]] = []


def on_end(hook: Callable[[Session, str], None]) -> None:
    """Call `hook(session, reason)` when a session ends, whoever ends it."""
    _on_end.append(hook)


def new_id(name: str) -> str:
    """A session id: the user's or role session's name and a random part."""
    return f"{name}-0{secrets.token_hex(8)}"


def add(session: Session) -> Session:
    """Store a new session with a token."""
    session.token = secrets.token_urlsafe(64)
    _sessions[session.id] = session
    return session


def renew_token(session: Session) -> str:
    """A fresh token for ResumeSession; the old one is void."""
    session.token = secrets.token_urlsafe(64)
    return session.token


def find(session_id: str, account: str, region: str) -> Session | None:
    """A session of this account and region."""
    session = _sessions.get(session_id)
    return session if session and (session.account, session.region) == (account, region) else None


def by_token(session_id: str, token: str) -> Session | None:
    """The live session a token opens; None for a wrong token or an ended session."""
    session = _sessions.get(session_id)
    if session is None or not session.live or not secrets.compare_digest(session.token, token):
        return None
    return session


def named(session_id: str) -> Session | None:
    """A session by its id, in any account."""
    return _sessions.get(session_id)


def listed(account: str, region: str, *, live: bool, now: float) -> list[Session]:
    """The live or the ended sessions (of the last 30 days), newest first."""
    sessions = [s for s in _sessions.values() if (s.account, s.region, s.live) == (account, region, live)]
    recent = [s for s in sessions if live or s.ended > now - HISTORY_SECONDS]
    return sorted(recent, key=lambda session: session.started, reverse=True)


def end(session: Session, reason: str = "") -> None:
    """End a session; nothing happens when it has ended. `reason` is what its channel shows."""
    if not session.live:
        return
    session.status, session.ended, session.token = "Terminated", time.time(), ""
    for hook in _on_end:
        hook(session, reason)


def tags_of(arn: str) -> dict[str, str] | None:
    """AWS's own tags of a session by its ARN; None when the ARN names none."""
    resource = Arn.find(arn)
    if resource is None or (resource.service, resource.kind) != ("ssm", "session"):
        return None
    session = find(resource.name, resource.account, resource.region)
    return session.tags if session else None


def dump() -> list[dict[str, Any]]:
    """Every session as JSON values, without tokens."""
    return [{**asdict(session), "token": ""} for session in _sessions.values()]


def load(saved: list[dict[str, Any]] | None) -> None:
    """Load saved sessions, the live ones as ended; None ends and removes all."""
    for session in list(_sessions.values()):
        end(session, "The sandbox was reset.")
    _sessions.clear()
    for record in saved or []:
        session = _sessions[record["id"]] = Session(**record)
        if session.live:
            session.status, session.ended = "Terminated", time.time()
