"""Where past sessions were started from: DescribeSessions does not say it, CloudTrail's event history does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from generator.errors import AwsError
from generator.gateway.aws import Gateway
from generator.model.session import Session
from generator.model.trail import SessionStart
from generator.operations.sessions.listing import list_sessions

MOST_PAGES = 4
"""Pages of 50 events, the newest first. AWS answers two a second (CloudTrail quotas), so these are two seconds."""
MARGIN = timedelta(minutes=1)
"""The two services need not agree on the second."""


def sessions_of(
    gateway: Gateway, say: Callable[[str], None], *, past: bool, target: str = "", owner: str = ""
) -> tuple[Session, ...]:
    """As `list_sessions`; past ones with address and program as far as CloudTrail has them, `say` gets why not."""
    sessions = list_sessions(gateway, past=past, target=target, owner=owner)
    return with_origins(gateway, sessions, say) if past else sessions


def with_origins(gateway: Gateway, sessions: Sequence[Session], say: Callable[[str], None]) -> tuple[Session, ...]:
    """The same sessions with their origins. What these credentials may not ask is said, and no error."""
    began = [session.started for session in sessions if session.started]
    if not began:
        return tuple(sessions)
    try:
        starts, whole = gateway.cloudtrail.session_starts(min(began) - MARGIN, MOST_PAGES)
    except AwsError as error:
        say(f"CloudTrail was not asked where they came from: {_reason(error)}")
        return tuple(sessions)
    if not whole:
        say(
            f"CloudTrail has more than the {len(starts)} sessions that were read: older ones are shown without address."
        )
    by_id = {start.session_id: start for start in starts}
    return tuple(_with(session, by_id) for session in sessions)


def _with(session: Session, starts: Mapping[str, SessionStart]) -> Session:
    start = starts.get(session.session_id)
    return replace(session, address=start.address, agent=start.agent) if start else session


def _reason(error: AwsError) -> str:
    return "you lack the permission for cloudtrail:LookupEvents." if error.denied else error.message
