"""Logins, tunnels, users and activity as text: pure functions from values to lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from generator.cli.render import table
from generator.model.database import AccessLevel, Database, DatabaseSession, DatabaseUser, Login, Permission, Route

if TYPE_CHECKING:
    from generator.operations.database.activity import Node

QUERY_WIDTH = 60


def connected_lines(login: Login, route: Route, tls: str = "") -> list[str]:
    """Who is connected to what, for standard error; `tls` if a client does not verify the endpoint's name."""
    level = f" (access level {login.level.value}: {login.level.meaning})" if login.level else ""
    database = login.database
    where = f"{route.database} on {database.endpoint}:{database.port}"
    return [
        f"{login.user}{level} in {where}, through {route.host}:{route.port}.",
        *defaulted_lines(login, route),
        tls or f"TLS is verified for {database.endpoint}.",
        "The token opens connections for 15 minutes.",
    ]


def defaulted_lines(login: Login, route: Route) -> list[str]:
    """A note if no database was named."""
    known = login.database.database
    return [] if known else [f"No database was named, so this is {route.database}: choose with --dbname NAME"]


def tunnel_lines(route: Route, token_command: str) -> list[str]:
    """What stays on standard error while the tunnel is open."""
    return [
        f"The tunnel listens on {route.host}:{route.port} until you press Ctrl-C.",
        f"  a new token for each connection: {token_command}",
    ]


def database_lines(databases: Sequence[Database]) -> list[str]:
    """The databases of the region."""
    rows = [
        (d.name, str(d.engine), "cluster" if d.is_cluster else "instance", f"{d.endpoint}:{d.port}", _iam(d))
        for d in databases
    ]
    return (
        table(rows, ("NAME", "ENGINE", "KIND", "ENDPOINT", "IAM"))
        if rows
        else ["There is no PostgreSQL or MySQL database here."]
    )


def _iam(database: Database) -> str:
    return "on" if database.iam_enabled else "off"


def permission_lines(permissions: Sequence[Permission]) -> list[str]:
    """The caller's user for each access level, and whether IAM allows it."""
    return table([(f.user, f.permission, f.meaning) for f in permissions], ("USER", "IAM", "ACCESS LEVEL"))


def activity_lines(
    sessions: Sequence[DatabaseSession], trees: Sequence[Node], *, idle: bool, unseen: str = ""
) -> list[str]:
    """Sessions that run or wait, then the blocking trees; `unseen` if only the user's own sessions are visible."""
    from generator.operations.database.activity import shortened

    shown = [session for session in sessions if idle or session.state != "idle" or session.blocked_by]
    rows = [
        (str(s.pid), s.user, s.state, _age(s.seconds), s.wait or "-", shortened(s.query, QUERY_WIDTH)) for s in shown
    ]
    nothing = "None of your own sessions is running." if unseen else "Nothing is running."
    lines = table(rows, ("PID", "USER", "STATE", "AGE", "WAITS FOR", "QUERY")) if rows else [nothing]
    if trees:
        lines += ["", "Who blocks whom:"]
        for top in trees:
            lines += _tree(top, "", "")
    return lines


def _tree(node: Node, lead: str, below: str) -> list[str]:
    from generator.operations.database.activity import shortened

    session = node.session
    line = f"{lead}{session.pid} {session.user} {session.state} {_age(session.seconds)}"
    lines = [f"{line}  {shortened(session.query, QUERY_WIDTH)}".rstrip()]
    for number, waiting in enumerate(node.waiting, 1):
        last = number == len(node.waiting)
        lines += _tree(waiting, below + ("`- " if last else "|- "), below + ("   " if last else "|  "))
    return lines


def _age(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f}s"
    minutes, hours = int(seconds // 60), int(seconds // 3600)
    return f"{minutes}m{int(seconds % 60):02}s" if hours == 0 else f"{hours}h{minutes % 60:02}m"


def user_lines(users: Sequence[DatabaseUser]) -> list[str]:
    """The users with an access level."""
    meaning = {level.role: f"{level.value}: {level.meaning}" for level in AccessLevel}
    rows = [(u.user, meaning.get(u.role, u.role), "yes" if u.tokens else "no", str(u.sessions)) for u in users]
    if not rows:
        return ["There is no user with an access level."]
    return table(rows, ("USER", "ACCESS LEVEL", "TOKENS", "SESSIONS"))
