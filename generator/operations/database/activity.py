"""`db activity` and `db kill`: what the database's sessions run, which blocks which, and how to end one."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence

from generator.errors import NotFound
from generator.gateway.aws import Gateway
from generator.model.caller import Caller
from generator.model.database import AccessLevel, Activity, BlockedSession, DatabaseSession
from generator.model.database_changes import EndSessionPlan, EndSessionResult
from generator.operations.database.activity_queries import end_session, read_activity
from generator.operations.database.connection import as_caller
from generator.operations.database.request import DatabaseRequest


def activity(
    gateway: Gateway, request: DatabaseRequest, seconds: float, caller: Caller
) -> Generator[Activity, None, None]:
    """Yield what the sessions do now, and again every so many `seconds` until the iteration is left; once for 0.

    The tunnel closes with the iteration. Raises what `as_caller` raises.
    """
    with as_caller(gateway, request, caller.say) as (login, query):
        hidden = blind_spot(login.level)
        if hidden:
            caller.say(hidden)
        while True:
            sessions = read_activity(query, login.database.engine)
            yield Activity(tuple(sessions), tuple(trees(sessions)), only_own=bool(hidden))
            if not seconds:
                return
            time.sleep(seconds)


def kill(gateway: Gateway, request: DatabaseRequest, pid: int, caller: Caller) -> EndSessionResult:
    """Show the session, ask, and end it; return whether it was ended. Raises NotFound, Declined, and what `as_caller`
    raises."""
    with as_caller(gateway, request, caller.say) as (login, query):
        session = find_session(read_activity(query, login.database.engine), pid, login.level)
        plan = EndSessionPlan(session, login.database.name)
        caller.show(plan)
        caller.confirm(plan)
        return EndSessionResult(pid, end_session(query, login.database.engine, pid))


def trees(sessions: Sequence[DatabaseSession]) -> list[BlockedSession]:
    """The blocking trees: each session that blocks others and waits for none, with those that wait for it, and so on.

    One that waits for several appears under each. In a deadlock (PostgreSQL resolves it after a second) the lowest PID
    is the root, once.
    """
    known = {session.pid: session for session in sessions}
    waiters: dict[int, list[int]] = {}
    for session in sessions:
        for blocker in session.blocked_by:
            waiters.setdefault(blocker, []).append(session.pid)

    def node(pid: int, above: frozenset[int]) -> BlockedSession:
        below = [waiter for waiter in sorted(waiters.get(pid, ())) if waiter not in above | {pid}]
        return BlockedSession(known.get(pid) or _unseen(pid), tuple(node(waiter, above | {pid}) for waiter in below))

    tops = [pid for pid in sorted(waiters) if not (pid in known and known[pid].blocked_by)]
    roots = [node(pid, frozenset()) for pid in tops]
    shown = {pid for top in roots for pid in _all_pids(top)}
    for pid in sorted(waiters):
        if pid not in shown:
            roots.append(node(pid, frozenset()))
            shown |= set(_all_pids(roots[-1]))
    return roots


def _all_pids(node: BlockedSession) -> list[int]:
    return [node.session.pid, *(pid for below in node.waiting for pid in _all_pids(below))]


def _unseen(pid: int) -> DatabaseSession:
    return DatabaseSession(pid, "?", "", "", "not visible", "", 0.0, "")


def blind_spot(level: AccessLevel | None) -> str:
    """Which sessions a user of this level cannot see, as a sentence; "" if it sees all, or has no level."""
    if level in (None, AccessLevel.OPERATE):
        return ""
    return f"access level {level} sees only its own sessions; use --permission o"


def find_session(sessions: Sequence[DatabaseSession], pid: int, level: AccessLevel | None = None) -> DatabaseSession:
    """The session with this PID among those visible to the access level. Raises NotFound."""
    for session in sessions:
        if session.pid == pid:
            return session
    if unseen := blind_spot(level):
        raise NotFound(
            f"{unseen.partition(';')[0].capitalize()}, and {pid} is not one of them.",
            "Use --permission o",
            code="session-not-found",
        )
    raise NotFound(
        f"There is no client session {pid}.", "List them with: deployer db activity", code="session-not-found"
    )
