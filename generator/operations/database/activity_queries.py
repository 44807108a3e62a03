"""The queries behind `db activity`: what each session runs and waits for; and the statement that ends a session."""

from __future__ import annotations

from collections.abc import Sequence

from generator.errors import DeployerError
from generator.host.drivers import Query
from generator.model.database import DatabaseSession, Engine
from generator.operations.database import mysql

# The age is that of the statement, or of the transaction if idle in one. Our own session is left out.
_POSTGRESQL = """SELECT a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''),
  coalesce(host(a.client_addr), ''), coalesce(a.state, ''),
  coalesce(nullif(concat_ws(': ', a.wait_event_type, a.wait_event), ''), ''),
  coalesce(extract(epoch FROM clock_timestamp() -
    CASE WHEN a.state LIKE 'idle in transaction%' THEN a.xact_start ELSE a.query_start END), 0)::float8,
  coalesce(a.query, ''), pg_catalog.pg_blocking_pids(a.pid), coalesce(a.datname, '')
FROM pg_catalog.pg_stat_activity AS a
WHERE a.backend_type = 'client backend' AND a.pid <> pg_catalog.pg_backend_pid() AND a.state IS NOT NULL
ORDER BY 7 DESC"""

# "Sleep" in an open transaction is shown as PostgreSQL shows it, and apart from mere idleness.
_MYSQL = """SELECT p.ID, coalesce(p.USER, ''), '', coalesce(p.HOST, ''),
  CASE WHEN p.COMMAND <> 'Sleep' THEN 'active' WHEN t.trx_id IS NULL THEN 'idle' ELSE 'idle in transaction' END,
  CASE WHEN t.trx_state = 'LOCK WAIT' AND @@performance_schema THEN 'row lock'
    WHEN t.trx_state = 'LOCK WAIT' THEN 'row lock (whose is unknown: performance_schema is off)'
    WHEN p.STATE LIKE 'Waiting %' THEN p.STATE ELSE '' END,
  CASE WHEN p.COMMAND = 'Sleep' AND t.trx_id IS NOT NULL THEN timestampdiff(SECOND, t.trx_started, now())
    ELSE p.TIME END + 0e0,
  coalesce(p.INFO, ''), '', coalesce(p.DB, '')
FROM information_schema.PROCESSLIST AS p
LEFT JOIN information_schema.INNODB_TRX AS t ON t.trx_mysql_thread_id = p.ID
WHERE p.ID <> connection_id() AND p.COMMAND <> 'Daemon' ORDER BY 7 DESC"""

# Row locks, and table locks: a lock waits for those that conflict with it, and for an exclusive one queued before it.
_MYSQL_WAITS = """SELECT r.PROCESSLIST_ID, b.PROCESSLIST_ID FROM performance_schema.data_lock_waits AS w
JOIN performance_schema.threads AS r ON r.THREAD_ID = w.REQUESTING_THREAD_ID
JOIN performance_schema.threads AS b ON b.THREAD_ID = w.BLOCKING_THREAD_ID
UNION SELECT r.PROCESSLIST_ID, b.PROCESSLIST_ID FROM performance_schema.metadata_locks AS w
JOIN performance_schema.metadata_locks AS h ON h.OBJECT_TYPE = w.OBJECT_TYPE AND h.OBJECT_SCHEMA = w.OBJECT_SCHEMA
  AND h.OBJECT_NAME = w.OBJECT_NAME AND h.OWNER_THREAD_ID <> w.OWNER_THREAD_ID AND (
    h.LOCK_STATUS = 'PENDING' AND h.LOCK_TYPE = 'EXCLUSIVE' AND w.LOCK_TYPE <> 'EXCLUSIVE'
    OR h.LOCK_STATUS = 'GRANTED' AND (w.LOCK_TYPE IN ('EXCLUSIVE', 'SHARED_NO_READ_WRITE')
      OR h.LOCK_TYPE IN ('EXCLUSIVE', 'SHARED_NO_READ_WRITE')
      OR w.LOCK_TYPE IN ('SHARED_NO_WRITE', 'SHARED_READ_ONLY') AND h.LOCK_TYPE LIKE 'SHARED_WRITE%'
      OR h.LOCK_TYPE IN ('SHARED_NO_WRITE', 'SHARED_READ_ONLY') AND w.LOCK_TYPE LIKE 'SHARED_WRITE%'
      OR w.LOCK_TYPE IN ('SHARED_UPGRADABLE', 'SHARED_NO_WRITE')
        AND h.LOCK_TYPE IN ('SHARED_UPGRADABLE', 'SHARED_NO_WRITE')))
JOIN performance_schema.threads AS r ON r.THREAD_ID = w.OWNER_THREAD_ID
JOIN performance_schema.threads AS b ON b.THREAD_ID = h.OWNER_THREAD_ID
WHERE w.LOCK_STATUS = 'PENDING'"""


def read_activity(query: Query, engine: Engine) -> list[DatabaseSession]:
    """Every client session except our own, the longest first."""
    rows = query(_POSTGRESQL if engine is Engine.POSTGRESQL else _MYSQL)
    waits = query(_MYSQL_WAITS) if engine is Engine.MYSQL else []
    return [
        DatabaseSession(
            pid=int(pid),
            user=str(user),
            application=str(application),
            client=str(client),
            state=str(state),
            wait=str(wait),
            seconds=max(float(seconds), 0.0),
            query=str(text),
            blocked_by=_pids(blockers or [b for waiter, b in waits if waiter == pid]),
            database=str(database),
        )
        for pid, user, application, client, state, wait, seconds, text, blockers, database in rows
    ]


def _pids(blockers: object) -> tuple[int, ...]:
    """Without 0, a prepared transaction, and without None, one of the server's own threads."""
    return tuple(sorted({int(pid) for pid in blockers if pid})) if isinstance(blockers, Sequence) else ()


def end_session(query: Query, engine: Engine, pid: int) -> bool:
    """End one session; False if it had already ended. The server refuses to end a superuser's session."""
    if engine is Engine.POSTGRESQL:
        return bool(query(f"SELECT pg_catalog.pg_terminate_backend({pid:d})")[0][0])
    try:
        query(mysql.end_session(pid))
    except DeployerError as refused:
        if mysql.GONE not in refused.message:
            raise
        return False
    return True
