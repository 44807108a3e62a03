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
from generator.cli.command import CommandResult, command
from generator.cli.db_options import HOP, LOCAL, MASTER, PERMISSION, REACH, SUPPORT, wish_of
from generator.cli.invocation import Invocation
from generator.cli.sanitize import tell
from generator.errors import DeployerError, NotFound, UsageError
from generator.model.database import SUPPORT_PERSON, Grade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.model.database import Database, Login
    from generator.operations.database.request import Wish
    from generator.operations.database.run import Query

_OPERATE = tuple((n, a, Grade.OPERATE if n == "permission" else d) for n, a, d in (*REACH, *LOCAL))
_MASTER_OF_USERS = (*MASTER, PERMISSION, SUPPORT)
_POLICY = (*REACH, *HOP)


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
    @command(group, "bootstrap", extra=_MASTER_OF_USERS)
    def bootstrap(
        call: Invocation,
        people: Annotated[
            list[str], typer.Option("--for", metavar="NAME=GRADES", help="A person and grades: alice=r, bob=ro.")
        ] = [],  # noqa: B006 - Typer reads the default, nothing appends to it
        print_only: Annotated[bool, typer.Option("--print", help="Print the SQL; connect to nothing.")] = False,
        **values: Any,
    ) -> CommandResult:
        """Make the grades and users of them. Works as the master user, and may be run again."""
        from generator.operations.database import run
        from generator.operations.database.lookup import find_database

        master, supports = _master(values), _supports(values)
        wish = wish_of(values)
        wanted = [*people, *([f"{SUPPORT_PERSON}={supports.value}"] if supports else [])]
        database = find_database(call.gateway, wish)
        users = run.people(wanted, database.engine)
        sql = run.bootstrap_sql(database, users)
        if print_only:
            return CommandResult({"sql": sql}, sql.splitlines())
        call.confirm(f"Make the grades in {database.name}{''.join(f', {user}' for user in users)}?")
        with _as_master(call, database, wish, master) as query:
            query(sql)
        lines = [f"{u}  {g.meaning}" for u, g in users.items()]
        lines = lines or [f"The grades are made in {database.name}; no user was made: add --for NAME=r"]
        return CommandResult({"database": database.name, "users": users}, lines)

    @command(group, "drop-user", extra=_MASTER_OF_USERS)
    def drop_user(
        call: Invocation,
        gone: Annotated[
            str,
            typer.Argument(metavar="USER", help="The database user, as db users lists it; left out with --support."),
        ] = "",
        print_only: Annotated[bool, typer.Option("--print", help="Print the SQL; connect to nothing.")] = False,
        **values: Any,
    ) -> CommandResult:
        """Take a user of the grades away. Its sessions end, and what it owned goes to the master user."""
        from generator.operations.database import run
        from generator.operations.database.lookup import find_database
        from generator.operations.database.user_names import user_name

        master, supports = _master(values), _supports(values)
        gone, values["name"] = _one_user(gone, values["name"], supports)
        wish = wish_of(values)
        database = find_database(call.gateway, wish)
        user = user_name(SUPPORT_PERSON, supports, database.engine) if supports else gone
        if print_only:
            sql = run.drop_user_sql(database, user)
            return CommandResult({"sql": sql}, sql.splitlines())
        call.confirm(f"Drop {user} in {database.name}, and end its sessions?")
        with _as_master(call, database, wish, master) as query:
            if user not in {known.user for known in run.users(query, database.engine)}:
                raise NotFound(
                    f"{user} is no user of a grade in {database.name}, so nothing was dropped.",
                    "List them with: deployer db users",
                    code="no-such-user",
                )
            run.drop_user(query, database.engine, user)
        return CommandResult({"database": database.name, "user": user}, [f"{user} is gone."])


def _supports(values: dict[str, Any]) -> Grade | None:
    """The grade of the vendor's user, where that is the one meant: the way and the master stay the caller's own."""
    support, grade = values.pop("support"), values.pop("permission")
    return grade if support else None


def _one_user(gone: str, name: str, supports: Grade | None) -> tuple[str, str]:
    """USER and NAME as they were meant: --support says the user, and then the one word is NAME. Raises UsageError."""
    if supports and gone and name:
        raise UsageError(f"--support says which user goes, and {gone} is another.", "Leave one of the two out.")
    if not supports and not gone:
        raise UsageError("Which user is to go was not said.", "Name it: deployer db drop-user USER, or use --support.")
    return ("", gone or name) if supports else (gone, name)


def _register_shut_out(group: typer.Typer) -> None:
    @command(group, "shut-out", extra=MASTER)
    def shut_out(
        call: Invocation,
        only: Annotated[
            str, typer.Option("--only", metavar="USER", help="This user; all of the grades if left out.")
        ] = "",
        support: Annotated[bool, typer.Option("--support", help="The vendor's support, whatever its grade.")] = False,
        **values: Any,
    ) -> CommandResult:
        """End users' sessions, let none begin. Those of the grades, or one of them; exit 3 when not all is shut."""
        from generator.operations.database.lookup import find_database
        from generator.operations.database.revoke import SUPPORTS, shut_everybody_out

        if support and only:
            raise UsageError("--support and --only say who is meant in two ways.", "Keep one of them.")
        password = _master(values)
        wish = wish_of(values)
        database = find_database(call.gateway, wish)
        whom = "the vendor's support" if support else only or "every user of the grades"
        call.confirm(f"Shut {whom} out of {database.name} ({database.endpoint})?")
        meant = SUPPORTS if support else (only,) if only else ()
        found = shut_everybody_out(call.gateway, wish, password, meant)
        if found.problem:
            raise DeployerError(f"{found.database} was not shut: {found.problem}", found.hint, code="not-shut-out")
        if only and not found.ended:
            raise NotFound(
                f"{found.database} has no user {only} of a grade, so nobody was shut out.",
                "List them with: deployer db users",
                code="no-such-user",
            )
        lines = [f"{user} is shut out." for user in found.ended] or ["There is nobody to shut out."]
        lines += [f"NOT SO: {u.user} (tokens {u.tokens}, {u.sessions} sessions)" for u in found.left]
        return CommandResult(found, lines, 0 if found.holds else 3)


def _master(values: dict[str, Any]) -> str:
    """The password, from where the options say; "" leaves it to RDS's own secret."""
    stdin, prompt = values.pop("password_stdin"), values.pop("password_prompt")
    if stdin and prompt:
        raise UsageError("The password is asked for in two ways.", "Keep one of --password-stdin, --password-prompt.")
    if prompt:
        return getpass.getpass("Master password: ")
    return sys.stdin.readline().rstrip("\r\n") if stdin else ""


@contextmanager
def _as_master(call: Invocation, database: Database, wish: Wish, password: str) -> Iterator[Query]:
    """A connection as the master user."""
    from generator.operations.database import connect, run, tunnel

    login = run.master_login(call.gateway, database, wish.user, password)
    way = tunnel.session_tunnel(call.gateway, wish, call.say)
    with connect.route_to(database, wish, way) as route, run.connected(login, route) as query:
        yield query


@contextmanager
def _session(call: Invocation, wish: Wish) -> Iterator[tuple[Login, Query]]:
    """A connection as the caller's own user of the grade."""
    from generator.operations.database import connect, run, tunnel
    from generator.operations.database.login import login_for
    from generator.operations.database.lookup import find_database

    database = find_database(call.gateway, wish)
    login = login_for(call.gateway, database, wish)
    way = tunnel.session_tunnel(call.gateway, wish, call.say)
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
        any_host: Annotated[
            bool, typer.Option("--any-host", help="Print it even where its holder can reach other hosts too.")
        ] = False,
        **values: Any,
    ) -> CommandResult:
        """Print the IAM policy of one user. With it a person connects as that user, and as no other."""
        from generator.operations.access.manual import as_text
        from generator.operations.database.iam_policy import permit

        made = permit(call.gateway, wish_of(values), any_host=any_host)
        for warning in made.warnings:
            call.say(f"warning: {warning}")
        return CommandResult(made.policy, [as_text(made.policy, fmt.value)])


def _register_activity(group: typer.Typer) -> None:
    @command(group, "users", extra=_OPERATE)
    def users(call: Invocation, **values: Any) -> CommandResult:
        """List the users of the grades. Whether a token still opens them, and how many sessions they have."""
        from generator.operations.database import run

        with _session(call, wish_of(values)) as (login, query):
            found = run.users(query, login.database.engine)
        return CommandResult(found, db_text.user_lines(found))

    @command(group, "activity", extra=_OPERATE)
    def activity(
        call: Invocation,
        watch: Annotated[float, typer.Option(help="Show it again every so many seconds, until Ctrl-C.", min=0)] = 0,
        idle: Annotated[bool, typer.Option("--idle", help="Show idle sessions too.")] = False,
        **values: Any,
    ) -> CommandResult:
        """Show what runs, what waits, and who blocks whom."""
        from generator.operations.database.activity import blind_spot, read_activity, trees

        with _session(call, wish_of(values)) as (login, query):
            unseen = blind_spot(login.grade)
            if unseen:
                call.say(unseen)
            sessions = read_activity(query, login.database.engine)
            while watch:
                _show(db_text.activity_lines(sessions, trees(sessions), idle=idle, unseen=unseen))
                time.sleep(watch)
                sessions = read_activity(query, login.database.engine)
        found = trees(sessions)
        return CommandResult(
            {"sessions": sessions, "blocking": found},
            db_text.activity_lines(sessions, found, idle=idle, unseen=unseen),
        )

    @command(group, "kill", extra=_OPERATE)
    def kill(
        call: Invocation,
        pid: Annotated[int, typer.Argument(metavar="PID", min=1, help="Which session, as db activity numbers it.")],
        **values: Any,
    ) -> CommandResult:
        """End a session, after showing it and asking."""
        from generator.operations.database.activity import end_session, find_session, read_activity

        with _session(call, wish_of(values)) as (login, query):
            found = find_session(read_activity(query, login.database.engine), pid, login.grade)
            for line in db_text.activity_lines([found], [], idle=True):
                call.say(line)
            call.confirm(f"End the session {pid} of {found.user}?")
            ended = end_session(query, login.database.engine, pid)
        return CommandResult(
            {"pid": pid, "ended": ended}, [f"{pid} is ended." if ended else f"{pid} had ended by itself."]
        )
