"""db: users by access level, and the database's sessions."""

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
from generator.cli.db_options import JUMP_HOST, LOCAL, MASTER, PERMISSION, REACH, SUPPORT, request_from
from generator.cli.invocation import Invocation
from generator.cli.sanitize import tell
from generator.errors import DeployerError, NotFound, UsageError
from generator.model.database import SUPPORT_DATABASE_USER, AccessLevel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.model.database import Database, Login
    from generator.operations.database.connection import Query
    from generator.operations.database.request import DatabaseRequest

_OPERATE = tuple((n, a, AccessLevel.OPERATE if n == "permission" else d) for n, a, d in (*REACH, *LOCAL))
_MASTER_OF_USERS = (*MASTER, PERMISSION, SUPPORT)
_POLICY = (*REACH, *JUMP_HOST)


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
    @command(group, "bootstrap", changes=True, extra=_MASTER_OF_USERS)
    def bootstrap(
        call: Invocation,
        parse_users: Annotated[
            list[str], typer.Option("--for", metavar="NAME=LEVELS", help="A person's access levels: alice=r, bob=ro.")
        ] = [],  # noqa: B006 - Typer reads the default, nothing appends to it
        print_only: Annotated[bool, typer.Option("--print", help="Print the SQL; connect to nothing.")] = False,
        **values: Any,
    ) -> CommandResult:
        """Create the access levels' roles, and users. Works as the master user, and can be run again."""
        from generator.operations.database import users as database_users
        from generator.operations.database.lookup import find_database

        master, supports = _master(values), _supports(values)
        request = request_from(values)
        wanted = [*parse_users, *([f"{SUPPORT_DATABASE_USER}={supports.value}"] if supports else [])]
        database = find_database(call.gateway, request)
        users = database_users.parse_users(wanted, database.engine)
        sql = database_users.bootstrap_sql(database, users)
        if print_only:
            return CommandResult({"sql": sql}, sql.splitlines())
        call.confirm_action(
            f"Create the access levels{''.join(f', {user}' for user in users)} in the database {database.name}"
        )
        with _as_master(call, database, request, master) as query:
            query(sql)
        lines = [f"{u}  {g.meaning}" for u, g in users.items()]
        lines = lines or [f"The access levels were created in {database.name}, but no user: add --for NAME=r"]
        return CommandResult({"database": database.name, "users": users}, lines)

    @command(group, "drop-user", changes=True, extra=_MASTER_OF_USERS)
    def drop_user(
        call: Invocation,
        gone: Annotated[
            str,
            typer.Argument(metavar="USER", help="The database user, as db users lists it; not with --support."),
        ] = "",
        print_only: Annotated[bool, typer.Option("--print", help="Print the SQL; connect to nothing.")] = False,
        **values: Any,
    ) -> CommandResult:
        """Drop a user with an access level. Its sessions end, and what it owned goes to the master user."""
        from generator.operations.database import users as database_users
        from generator.operations.database.lookup import find_database
        from generator.operations.database.user_names import user_name

        master, supports = _master(values), _supports(values)
        gone, values["name"] = _one_user(gone, values["name"], supports)
        request = request_from(values)
        database = find_database(call.gateway, request)
        user = user_name(SUPPORT_DATABASE_USER, supports, database.engine) if supports else gone
        if print_only:
            sql = database_users.drop_user_sql(database, user)
            return CommandResult({"sql": sql}, sql.splitlines())
        call.confirm_action(f"Drop {user} in the database {database.name}, and end its sessions,")
        with _as_master(call, database, request, master) as query:
            if user not in {known.user for known in database_users.list_users(query, database.engine)}:
                raise NotFound(
                    f"{database.name} has no user {user} with an access level, so nothing was dropped.",
                    "List them with: deployer db users",
                    code="no-such-user",
                )
            database_users.drop_user(query, database.engine, user)
        return CommandResult({"database": database.name, "user": user}, [f"{user} was dropped."])


def _supports(values: dict[str, Any]) -> AccessLevel | None:
    """The access level of the vendor's user, if --support is given; jump host and master user stay the caller's."""
    support, level = values.pop("support"), values.pop("permission")
    return level if support else None


def _one_user(gone: str, name: str, supports: AccessLevel | None) -> tuple[str, str]:
    """USER and NAME: with --support the only argument is NAME. Raises UsageError."""
    if supports and gone and name:
        raise UsageError(f"--support drops the vendor's user, and {gone} is another.", "Use only one of the two.")
    if not supports and not gone:
        raise UsageError("No user was named.", "Name it: deployer db drop-user USER, or use --support.")
    return ("", gone or name) if supports else (gone, name)


def _register_shut_out(group: typer.Typer) -> None:
    @command(group, "shut-out", changes=True, extra=MASTER)
    def shut_out(
        call: Invocation,
        only: Annotated[
            str,
            typer.Option("--only", metavar="USER", help="Only this user; by default all with an access level."),
        ] = "",
        support: Annotated[
            bool, typer.Option("--support", help="The vendor's support, with any access level.")
        ] = False,
        **values: Any,
    ) -> CommandResult:
        """Lock users with an access level and end their sessions. Exit 3 if any is still able to connect."""
        from generator.operations.database.lookup import find_database
        from generator.operations.database.revoke import SUPPORTS, shut_everybody_out

        if support and only:
            raise UsageError("--support and --only name two different users.", "Use only one of the two options.")
        password = _master(values)
        request = request_from(values)
        database = find_database(call.gateway, request)
        whom = "the vendor's support" if support else only or "every user with an access level"
        call.confirm_action(f"Revoke access of {whom} to the database {database.name} ({database.endpoint})")
        meant = SUPPORTS if support else (only,) if only else ()
        found = shut_everybody_out(call.gateway, request, password, meant)
        if found.problem:
            raise DeployerError(
                f"No access to {found.database} was revoked: {found.problem}", found.hint, code="not-shut-out"
            )
        if only and not found.ended:
            raise NotFound(
                f"{found.database} has no user {only} with an access level, so nothing was revoked.",
                "List them with: deployer db users",
                code="no-such-user",
            )
        lines = [f"{user} is locked." for user in found.ended] or ["There is no user to lock."]
        lines += [f"FAIL: {u.user} (tokens {u.tokens}, {u.sessions} sessions)" for u in found.left]
        return CommandResult(found, lines, 0 if found.holds else 3)


def _master(values: dict[str, Any]) -> str:
    """The password, as the options say; "" for RDS's own secret."""
    stdin, prompt = values.pop("password_stdin"), values.pop("password_prompt")
    if stdin and prompt:
        raise UsageError("The password is given in two ways.", "Use only one of --password-stdin, --password-prompt.")
    if prompt:
        return getpass.getpass("Master password: ")
    return sys.stdin.readline().rstrip("\r\n") if stdin else ""


@contextmanager
def _as_master(call: Invocation, database: Database, request: DatabaseRequest, password: str) -> Iterator[Query]:
    """A connection as the master user."""
    from generator.operations.database import connect, connection, tunnel

    login = connection.master_login(call.gateway, database, request.user, password)
    opener = tunnel.session_tunnel(call.gateway, request, call.say)
    with connect.route_to(database, request, opener) as route, connection.connected(login, route) as query:
        yield query


@contextmanager
def _session(call: Invocation, request: DatabaseRequest) -> Iterator[tuple[Login, Query]]:
    """A connection as the caller's own user."""
    from generator.operations.database import connect, connection, tunnel
    from generator.operations.database.login import login_for
    from generator.operations.database.lookup import find_database

    database = find_database(call.gateway, request)
    login = login_for(call.gateway, database, request)
    opener = tunnel.session_tunnel(call.gateway, request, call.say)
    with connect.route_to(database, request, opener) as route, connection.connected(login, route) as query:
        yield login, query


def _show(lines: list[str]) -> None:
    """Show one frame of --watch: in place of the last one at a terminal, else below it."""
    for number, line in enumerate(lines):
        tell(line, cleared=number == 0)


def _register_policy(group: typer.Typer) -> None:
    @command(group, "policy", extra=_POLICY)
    def policy(
        call: Invocation,
        fmt: Annotated[PolicyFormat, typer.Option("--format", help="JSON or YAML.")] = PolicyFormat.json,
        any_host: Annotated[
            bool, typer.Option("--any-host", help="Print it even if it allows reaching other hosts too.")
        ] = False,
        **values: Any,
    ) -> CommandResult:
        """Print the IAM policy that allows connecting as one database user, and as no other."""
        from generator.operations.access.policy_attachment import as_text
        from generator.operations.database.iam_policy import connect_policy

        made = connect_policy(call.gateway, request_from(values), any_host=any_host)
        for warning in made.warnings:
            call.say(f"warning: {warning}")
        return CommandResult(made.policy, [as_text(made.policy, fmt.value)])


def _register_activity(group: typer.Typer) -> None:
    @command(group, "users", extra=_OPERATE)
    def users(call: Invocation, **values: Any) -> CommandResult:
        """List the users with an access level, whether tokens are accepted, and their sessions."""
        from generator.operations.database import users as database_users

        with _session(call, request_from(values)) as (login, query):
            found = database_users.list_users(query, login.database.engine)
        return CommandResult(found, db_text.user_lines(found))

    @command(group, "activity", extra=_OPERATE)
    def activity(
        call: Invocation,
        watch: Annotated[float, typer.Option(help="Refresh every so many seconds, until Ctrl-C.", min=0)] = 0,
        idle: Annotated[bool, typer.Option("--idle", help="Show idle sessions too.")] = False,
        **values: Any,
    ) -> CommandResult:
        """Show what runs, what waits, and which session blocks which."""
        from generator.operations.database.activity import blind_spot, read_activity, trees

        with _session(call, request_from(values)) as (login, query):
            unseen = blind_spot(login.level)
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

    @command(group, "kill", changes=True, extra=_OPERATE)
    def kill(
        call: Invocation,
        pid: Annotated[int, typer.Argument(metavar="PID", min=1, help="The session, as db activity numbers it.")],
        **values: Any,
    ) -> CommandResult:
        """End a session, after showing it and asking."""
        from generator.operations.database.activity import end_session, find_session, read_activity

        with _session(call, request_from(values)) as (login, query):
            found = find_session(read_activity(query, login.database.engine), pid, login.level)
            for line in db_text.activity_lines([found], [], idle=True):
                call.say(line)
            call.confirm_action(f"End the session {pid} of {found.user} in the database {login.database.name}")
            ended = end_session(query, login.database.engine, pid)
        return CommandResult(
            {"pid": pid, "ended": ended}, [f"{pid} was ended." if ended else f"{pid} had already ended."]
        )
