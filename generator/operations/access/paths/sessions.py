"""Live sessions: of the support user and role wherever they are, and near the stack of who is not known to be yours."""

from __future__ import annotations

from generator.model.access_path import AccessPath, PathKind, PathReading
from generator.model.command_line import CommandLine
from generator.model.reading import Reading
from generator.model.session import Session
from generator.operations.access.lockdown import owned
from generator.operations.access.session_owners import Owners, stranger
from generator.operations.access.stack_access import StackAccess


def sessions(
    live: Reading[tuple[Session, ...]], owners: Owners, roles: PathReading, access: StackAccess, commands: CommandLine
) -> PathReading:
    """A path for each. It goes on when the key is dead; the stack ends support's at the end of the grant. Pure.

    A session by a role of the account is somebody's from outside if the role lets such in, by its path in `roles`.
    """
    if live.value is None:
        return live.unanswered()
    admitting = {path.name for path in roles.value or () if path.is_open(live.at)}
    paths = []
    for session in live.value:
        if owned(session, access):
            paths.append(_path(session, access, live.asked, commands))
        elif why := stranger(session, owners, admitting):
            paths.append(_path(session, access, live.asked, commands, f" of {session.owner}, {why}"))
    return Reading(live.asked, live.at, tuple(paths))


def _path(session: Session, access: StackAccess, seen: str, commands: CommandLine, whose: str = "") -> AccessPath:
    return AccessPath(
        PathKind.SESSION,
        session.session_id,
        session.owner,
        seen,
        commands.aws("ssm", "terminate-session", "--session-id", session.session_id),
        session.started,
        None if whose else access.grant.until,
        detail=f"on {session.target}{whose}",
        by_stack=not whose,
    )
