"""Who does what in the database, who waits for whom, and how to end a session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generator.errors import NotFound
from generator.host.drivers import Query
from generator.model.database import Engine, Session

# The age is that of the statement, or of the transaction when it only sits there; our own session is left out.
_POSTGRESQL = """SELECT a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''),
  coalesce(host(a.client_addr), ''), coalesce(a.state, ''),
  coalesce(nullif(concat_ws(': ', a.wait_event_type, a.wait_event), ''), ''),
  coalesce(extract(epoch FROM clock_timestamp() -
    CASE WHEN a.state LIKE 'idle in transaction%' THEN a.xact_start ELSE a.query_start END), 0)::float8,
  coalesce(a.query, ''), pg_catalog.pg_blocking_pids(a.pid), coalesce(a.datname, '')
FROM pg_catalog.pg_stat_activity AS a
WHERE a.backend_type = 'client backend' AND a.pid <> pg_catalog.pg_backend_pid() AND a.state IS NOT NULL
ORDER BY 7 DESC"""

_MYSQL = """SELECT p.ID, coalesce(p.USER, ''), '', coalesce(p.HOST, ''),
  CASE p.COMMAND WHEN 'Sleep' THEN 'idle' ELSE 'active' END, coalesce(p.STATE, ''), p.TIME + 0e0, coalesce(p.INFO, ''),
  (SELECT group_concat(DISTINCT b.PROCESSLIST_ID) FROM performance_schema.data_lock_waits AS w
     JOIN performance_schema.threads AS r ON r.THREAD_ID = w.REQUESTING_THREAD_ID
     JOIN performance_schema.threads AS b ON b.THREAD_ID = w.BLOCKING_THREAD_ID WHERE r.PROCESSLIST_ID = p.ID),
  coalesce(p.DB, '')
FROM performance_schema.processlist AS p WHERE p.ID <> connection_id() AND p.COMMAND <> 'Daemon' ORDER BY 7 DESC"""


@dataclass(frozen=True)
class Node:
    """A session and those that wait for it."""

    session: Session
    waiting: tuple[Node, ...] = ()


def read_activity(query: Query, engine: Engine) -> list[Session]:
    """Every client session but our own, the longest first."""
    rows = query(_POSTGRESQL if engine is Engine.POSTGRESQL else _MYSQL)
    return [
        Session(
            pid=int(pid),
            user=str(user),
            application=str(application),
            client=str(client),
            state=str(state),
            wait=str(wait),
            seconds=max(float(seconds), 0.0),
            query=str(text),
            blocked_by=_pids(blockers),
            database=str(database),
        )
        for pid, user, application, client, state, wait, seconds, text, blockers, database in rows
    ]


def _pids(blockers: object) -> tuple[int, ...]:
    """PostgreSQL gives a list (0 stands for a prepared transaction), MySQL a text, or nothing."""
    if isinstance(blockers, str):
        return tuple(sorted(int(pid) for pid in blockers.split(",")))
    return tuple(sorted({int(pid) for pid in blockers if pid})) if isinstance(blockers, Sequence) else ()


def trees(sessions: Sequence[Session]) -> list[Node]:
    """Who blocks whom: sessions that block others and wait for none, each with those that wait for it, and so on.

    One that waits for several stands under each. In a ring of waits (PostgreSQL breaks it after a second) the lowest
    pid stands on top, once.
    """
    known = {session.pid: session for session in sessions}
    waiters: dict[int, list[int]] = {}
    for session in sessions:
        for blocker in session.blocked_by:
            waiters.setdefault(blocker, []).append(session.pid)

    def node(pid: int, above: frozenset[int]) -> Node:
        below = [waiter for waiter in sorted(waiters.get(pid, ())) if waiter not in above | {pid}]
        return Node(known.get(pid) or _unseen(pid), tuple(node(waiter, above | {pid}) for waiter in below))

    tops = [pid for pid in sorted(waiters) if not (pid in known and known[pid].blocked_by)]
    found = [node(pid, frozenset()) for pid in tops]
    shown = {pid for top in found for pid in _all_pids(top)}
    for pid in sorted(waiters):
        if pid not in shown:
            found.append(node(pid, frozenset()))
            shown |= set(_all_pids(found[-1]))
    return found


def _all_pids(node: Node) -> list[int]:
    return [node.session.pid, *(pid for below in node.waiting for pid in _all_pids(below))]


def _unseen(pid: int) -> Session:
    return Session(pid, "?", "", "", "not visible", "", 0.0, "")


def shortened(query: str, width: int) -> str:
    """A statement on one line of at most `width` characters."""
    line = " ".join(query.split())
    return line if len(line) <= width else f"{line[: max(width - 3, 0)]}..."


def find_session(sessions: Sequence[Session], pid: int) -> Session:
    """The session of that pid. Raises NotFound."""
    for session in sessions:
        if session.pid == pid:
            return session
    raise NotFound(
        f"There is no client session {pid}.", "List them with: deployer db activity", code="session-not-found"
    )


def end_session(query: Query, engine: Engine, pid: int) -> bool:
    """End one session; False when it had ended by itself. A superuser's session is refused by the server."""
    if engine is Engine.POSTGRESQL:
        return bool(query(f"SELECT pg_catalog.pg_terminate_backend({pid:d})")[0][0])
    query(f"CALL mysql.rds_kill({pid:d})")
    return True
