"""Live sessions of the support user and role. Pure. Whose any other session is, a revocation asks."""

from __future__ import annotations

from generator.model.access_path import AccessPath, PathKind, PathReading
from generator.model.command_line import CommandLine
from generator.model.reading import Reading
from generator.model.session import Session
from generator.operations.access.lockdown import owned
from generator.operations.access.stack_access import StackAccess


def sessions(live: Reading[tuple[Session, ...]], access: StackAccess, commands: CommandLine) -> PathReading:
    """A path for each. It goes on when the key is dead; the stack ends it at the end of the grant."""
    if live.value is None:
        return live.unanswered()
    theirs = (session for session in live.value if owned(session, access))
    return Reading(live.asked, live.at, tuple(_path(session, access, live.asked, commands) for session in theirs))


def _path(session: Session, access: StackAccess, seen: str, commands: CommandLine) -> AccessPath:
    return AccessPath(
        PathKind.SESSION,
        session.session_id,
        session.owner,
        seen,
        commands.aws("ssm", "terminate-session", "--session-id", session.session_id),
        session.started,
        access.grant.until,
        detail=f"on {session.target}",
        by_stack=True,
    )
