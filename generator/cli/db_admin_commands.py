"""db: users by grade, and what runs in the database."""

from __future__ import annotations

import getpass
import sys
import time
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.cli import db_text
from generator.cli.command import Done, command
from generator.cli.db_options import LOCAL, REACH, wish_of
from generator.cli.invocation import Invocation
from generator.cli.terminal import tell
from generator.errors import DeployerError, UsageError
from generator.model.database import Grade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.model.database import Database, Login
    from generator.operations.database.reach import Wish
    from generator.operations.database.run import Query

_OPERATE = tuple((n, a, Grade.OPERATE if n == "permission" else d) for n, a, d in (*REACH, *LOCAL))
_MASTER: tuple[tuple[str, Any, Any], ...] = (
    *((n, a, d) for n, a, d in (*REACH, *LOCAL) if n != "permission"),
    (
        "password_stdin",
        Annotated[bool, typer.Option(help="Read the master user's password from standard input.")],
        False,
    ),
    ("password_prompt", Annotated[bool, typer.Option(help="Ask for the master user's password.")], False),
)
_POLICY = (*REACH, *(each for each in LOCAL if each[0] in ("target", "document")))


class PolicyFormat(StrEnum):
    """The forms of a policy document."""

    json = "json"
    yaml = "yaml"


def register(group: typer.Typer) -> None:
    """Add the commands of this file."""
    _register_users(group)
    _register_shut_out(group)
    _register_policy(group)
    _register_activity(group)


def _register_users(group: typer.Typer) -> None:
    @command(group, "bootstrap", extra=_MASTER)
    def bootstrap(
        call: Invocation,
        people: Annotated[
            list[str], typer.Option("--for", metavar="NAME=GRADES", help="A person and grades: alice=r, bob=ro.")
        ] = [],  # noqa: B006 - Typer reads the default, nothing appends to it
        print_only: Annotated[bool, typer.Option("--print", help="Print the SQL; connect to nothing.")] = False,
        **values: Any,
    ) -> Done:
        """Make the grades and the users of them, as the master user. Safe to run again."""
        from generator.operations.database import reach, run

        master = _master(values)
        wish = wish_of(values)
        database = reach.find_database(call.gateway, wish)
        users = run.people(people, database.engine)
        sql = run.bootstrap_sql(database, users)
        if print_only:
            return Done({"sql": sql}, sql.splitlines())
        names = ", ".join(users) or "no user"
        call.confirm(f"Make the grades in {database.name} and {names}?")
        _as_master(call, database, wish, master, sql)
        return Done({"database": database.name, "users": users}, [f"{u}  {g.meaning}" for u, g in users.items()])

    @command(group, "drop-user", extra=_MASTER)
    def drop_user(
        call: Invocation,
        gone: Annotated[str, typer.Argument(metavar="USER", help="The database user, as db users lists it.")],
        print_only: Annotated[bool, typer.Option("--print", help="Print the SQL; connect to nothing.")] = False,
        **values: Any,
    ) -> Done:
        """Take users of the grades away: sessions ended, what they owned kept by the master user."""
        from generator.operations.database import reach, run

        master = _master(values)
        wish = wish_of(values)
        database = reach.find_database(call.gateway, wish)
        sql = run.drop_user_sql(database, gone)
        if print_only:
            return Done({"sql": sql}, sql.splitlines())
        call.confirm(f"Drop {gone} in {database.name}, and end its sessions?")
        _as_master(call, database, wish, master, sql)
        return Done({"database": database.name, "user": gone}, [f"{gone} is gone."])


def _register_shut_out(group: typer.Typer) -> None:
    @command(group, "shut-out", extra=_MASTER)
    def shut_out(
        call: Invocation,
        only: Annotated[
            str, typer.Option("--only", metavar="USER", help="This user; all of the grades if left out.")
        ] = "",
        **values: Any,
    ) -> Done:
        """End what the users of the grades have open, and let no token of theirs open more. Exit 3 when not all is."""
        from generator.operations.database.revoke import shut_everybody_out

        password = _master(values)
        wish = wish_of(values)
        call.confirm(f"Shut {only or 'every user of the grades'} out of the database?")
        found = shut_everybody_out(call.gateway, wish, password, only)
        if found.problem:
            raise DeployerError(f"{found.database} was not shut: {found.problem}", found.hint, code="not-shut-out")
        lines = [f"{user} is shut out." for user in found.ended] or ["There is nobody to shut out."]
        lines += [f"NOT SO: {u.user} (tokens {u.tokens}, {u.sessions} sessions)" for u in found.left]
        return Done(found, lines, 0 if found.holds else 3)


def _master(values: dict[str, Any]) -> str:
    """The password, from where the options say; "" leaves it to RDS's own secret."""
    stdin, prompt = values.pop("password_stdin"), values.pop("password_prompt")
    if stdin and prompt:
        raise UsageError("The password is asked for in two ways.", "Keep one of --password-stdin, --password-prompt.")
    if prompt:
        return getpass.getpass("Master password: ")
    return sys.stdin.readline().rstrip("\r\n") if stdin else ""


def _as_master(call: Invocation, database: Database, wish: Wish, password: str, sql: str) -> None:
    from generator.operations.database import connect, run, tunnel

    login = run.master_login(call.gateway, database, wish.user, password)
    way = tunnel.session_tunnel(call.gateway, wish)
    with connect.route_to(database, wish, way) as route, run.connected(login, route) as query:
        query(sql)


@contextmanager
def _session(call: Invocation, wish: Wish) -> Iterator[tuple[Login, Query]]:
    """A connection as the caller's own user of the grade."""
    from generator.operations.database import connect, reach, run, tunnel

    database = reach.find_database(call.gateway, wish)
    login = reach.login_for(call.gateway, database, wish)
    way = tunnel.session_tunnel(call.gateway, wish)
    with connect.route_to(database, wish, way) as route, run.connected(login, route) as query:
        yield login, query


def _show(lines: list[str]) -> None:
    """One frame of --watch: over the last one at a terminal, below it elsewhere."""
    for number, line in enumerate(lines):
        tell(line, cleared=number == 0)


def _register_policy(group: typer.Typer) -> None:
    @command(group, "policy", extra=_POLICY)
    def policy(
        call: Invocation,
        fmt: Annotated[PolicyFormat, typer.Option("--format", help="JSON or YAML.")] = PolicyFormat.json,
        **values: Any,
    ) -> Done:
        """Print the IAM policy with which a person may connect as that grade's user, and as no other."""
        from generator.operations.access.manual import as_text
        from generator.operations.database.permit import permit

        made = permit(call.gateway, wish_of(values))
        return Done(made, [as_text(made, fmt.value)])


def _register_activity(group: typer.Typer) -> None:
    @command(group, "users", extra=_OPERATE)
    def users(call: Invocation, **values: Any) -> Done:
        """List the users of the grades, whether tokens open them, and what they have open."""
        from generator.operations.database import run

        with _session(call, wish_of(values)) as (login, query):
            found = run.users(query, login.database.engine)
        return Done(found, db_text.user_lines(found))

    @command(group, "activity", extra=_OPERATE)
    def activity(
        call: Invocation,
        watch: Annotated[float, typer.Option(help="Show it again every so many seconds, until Ctrl-C.", min=0)] = 0,
        idle: Annotated[bool, typer.Option("--idle", help="Show idle sessions too.")] = False,
        **values: Any,
    ) -> Done | None:
        """Show what runs, what waits, and who blocks whom."""
        from generator.operations.database.activity import read_activity, trees

        with _session(call, wish_of(values)) as (login, query):
            sessions = read_activity(query, login.database.engine)
            try:
                while watch:
                    _show(db_text.activity_lines(sessions, trees(sessions), idle=idle))
                    time.sleep(watch)
                    sessions = read_activity(query, login.database.engine)
            except KeyboardInterrupt:
                call.say()
        found = trees(sessions)
        return Done(
            {"sessions": sessions, "blocking": found},
            [] if watch else db_text.activity_lines(sessions, found, idle=idle),
        )

    @command(group, "kill", extra=_OPERATE)
    def kill(
        call: Invocation,
        pid: Annotated[int, typer.Argument(metavar="PID", min=1, help="Which session, as db activity numbers it.")],
        **values: Any,
    ) -> Done:
        """End a session of the database, after showing it and asking."""
        from generator.operations.database.activity import end_session, find_session, read_activity

        with _session(call, wish_of(values)) as (login, query):
            found = find_session(read_activity(query, login.database.engine), pid)
            for line in db_text.activity_lines([found], [], idle=True):
                call.say(line)
            call.confirm(f"End the session {pid} of {found.user}?")
            ended = end_session(query, login.database.engine, pid)
        return Done({"pid": pid, "ended": ended}, [f"{pid} is ended." if ended else f"{pid} had ended by itself."])
