"""How logins, tunnels, users and activity read: pure functions from values to lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from generator.cli.render import table
from generator.model.database import Database, DatabaseUser, Grade, Login, Permission, Route, Session

if TYPE_CHECKING:
    from generator.operations.database.activity import Node

QUERY_WIDTH = 60


def connected_lines(login: Login, route: Route, tls: str = "") -> list[str]:
    """Who is connected to what, on standard error; `tls` where a client does not verify the endpoint's name."""
    grade = f" (grade {login.grade.value}: {login.grade.meaning})" if login.grade else ""
    database = login.database
    where = f"{route.database} on {database.endpoint}:{database.port}"
    return [
        f"{login.user}{grade} in {where}, through {route.host}:{route.port}.",
        *defaulted_lines(login, route),
        tls or f"TLS is verified for {database.endpoint}.",
        "The token opens connections for 15 minutes.",
    ]


def defaulted_lines(login: Login, route: Route) -> list[str]:
    """That nobody said which database is meant, where nobody did."""
    known = login.database.database
    return [] if known else [f"Nobody named a database, so this is {route.database}: choose with --dbname NAME"]


def tunnel_lines(route: Route, token_command: str) -> list[str]:
    """What keeps on standard error while the tunnel is open."""
    return [
        f"The tunnel listens on {route.host}:{route.port} until you press Ctrl-C.",
        f"  a fresh token for each new connection: {token_command}",
    ]


def database_lines(found: Sequence[Database]) -> list[str]:
    """The databases of the region."""
    rows = [
        (d.name, str(d.engine), "cluster" if d.is_cluster else "instance", f"{d.endpoint}:{d.port}", _iam(d))
        for d in found
    ]
    return table(rows, ("NAME", "ENGINE", "KIND", "ENDPOINT", "IAM")) if rows else ["There is no database here."]


def _iam(database: Database) -> str:
    return "on" if database.iam_enabled else "off"


def permission_lines(found: Sequence[Permission]) -> list[str]:
    """The caller's user of each grade, and whether IAM lets the caller be it."""
    return table([(f.user, f.permission, f.meaning) for f in found], ("USER", "IAM", "GRADE"))


def activity_lines(sessions: Sequence[Session], trees: Sequence[Node], *, idle: bool, unseen: str = "") -> list[str]:
    """What runs and waits, then who blocks whom as a tree; `unseen` where only one's own sessions are seen."""
    from generator.operations.database.activity import shortened

    shown = [session for session in sessions if idle or session.state != "idle" or session.blocked_by]
    rows = [
        (str(s.pid), s.user, s.state, _age(s.seconds), s.wait or "-", shortened(s.query, QUERY_WIDTH)) for s in shown
    ]
    nothing = "No session of your own runs." if unseen else "Nothing runs."
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
    """The users of the grades."""
    meaning = {grade.role: f"{grade.value}: {grade.meaning}" for grade in Grade}
    rows = [(u.user, meaning.get(u.role, u.role), "yes" if u.tokens else "no", str(u.sessions)) for u in users]
    return table(rows, ("USER", "GRADE", "TOKENS OPEN", "SESSIONS")) if rows else ["There is no user of a grade."]
