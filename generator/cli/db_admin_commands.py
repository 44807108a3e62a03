"""db: users by access level, the policy for one user, and the database's sessions."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from enum import StrEnum
from typing import Annotated, Any

import typer

from generator.cli import db_text, render
from generator.cli.command import CommandResult, command
from generator.cli.db_options import JUMP_HOST, LOCAL, MASTER, PERMISSION, REACH, SUPPORT, master_request, request_from
from generator.cli.invocation import Invocation
from generator.cli.sanitize import tell
from generator.errors import UsageError
from generator.model.database import SUPPORT_DATABASE_USER, AccessLevel
from generator.model.database_changes import SUPPORT_USERS

_OPERATE = tuple((n, a, AccessLevel.OPERATE if n == "permission" else d) for n, a, d in (*REACH, *LOCAL))
_MASTER_OF_USERS = (*MASTER, PERMISSION, SUPPORT)
_POLICY = (*REACH, *JUMP_HOST)
_PRINT = typer.Option("--print", help="Print the SQL; connect to nothing.")


class PolicyFormat(StrEnum):
    """The forms of a policy document."""

    json = "json"
    yaml = "yaml"


def register(group: typer.Typer) -> None:
    """Add the commands of this file."""
    _register_bootstrap(group)
    _register_drop_user(group)
    _register_shut_out(group)
    _register_policy(group)
    _register_users(group)
    _register_activity(group)
    _register_kill(group)


def _register_bootstrap(group: typer.Typer) -> None:
    @command(group, "bootstrap", changes=True, extra=_MASTER_OF_USERS)
    def bootstrap(
        call: Invocation,
        users: Annotated[
            list[str],
            typer.Option(
                "--for", metavar="NAME=LEVELS", help="A person's access levels, such as alice=r, bob=ro or eve=w:data."
            ),
        ] = [],  # noqa: B006 - Typer reads the default, nothing appends to it
        listed: Annotated[
            str,
            typer.Option("--users", metavar="LIST", help="All people, like 'alice=rw, bob=o': shows the difference."),
        ] = "",
        drop: Annotated[
            list[str],
            typer.Option("--drop", metavar="USER", help="With --users: drop this user, which the list does not name."),
        ] = [],  # noqa: B006
        print_only: Annotated[bool, _PRINT] = False,
        **values: Any,
    ) -> CommandResult:
        """Create users, and the roles of their access levels, as the master user. Can be run again."""
        from generator.operations.database.listed_users import People, bootstrap

        support = _support_level(values)
        vendor = [f"{SUPPORT_DATABASE_USER}={support.value}"] if support else []
        by_list = _goes_by_the_list([*users, *vendor], listed, drop, typed="listed" in call.typed)
        people = People((*users, *vendor), listed, tuple(drop), by_list)
        result = bootstrap(call.gateway, master_request(values, print_only=print_only), people, call)
        return CommandResult(result, db_text.bootstrap_lines(result), to_read=True)


def _register_drop_user(group: typer.Typer) -> None:
    @command(group, "drop-user", changes=True, extra=_MASTER_OF_USERS)
    def drop_user(
        call: Invocation,
        database_user: Annotated[
            str,
            typer.Argument(metavar="USER", help="The database user, as db users lists it; not with --support."),
        ] = "",
        print_only: Annotated[bool, _PRINT] = False,
        **values: Any,
    ) -> CommandResult:
        """Drop a user with an access level, and end its sessions. What it owned goes to the master user (PostgreSQL).

        Refused while it owns anything that runs with its owner's rights, or is the definer of anything (MySQL).
        """
        from generator.operations.database.manage_users import drop_user

        support = _support_level(values)
        database_user, values["name"] = _one_user(database_user, values["name"], support)
        request = master_request(values, print_only=print_only)
        result = drop_user(call.gateway, request, database_user, support, call)
        return CommandResult(result, db_text.drop_user_lines(result), to_read=True)


def _goes_by_the_list(users: list[str], listed: str, drop: list[str], *, typed: bool) -> bool:
    """Whether the list decides: where nobody is named. Raises UsageError to drop somebody without one, and for a list
    that was `typed` beside names."""
    by_list = bool(listed) and not users
    if typed and users:
        raise UsageError(
            "--users is all people, and --for or --support names some.",
            "Use only one of them: --users shows the difference, --for and --support add to who is there.",
        )
    if drop and not by_list:
        raise UsageError(
            "--drop goes with a list of users, and there is none.",
            "Name a user alone: deployer db drop-user USER; or give the list with --users.",
        )
    return by_list


def _support_level(values: dict[str, Any]) -> AccessLevel | None:
    """The access level of the vendor's user, if --support is given; jump host and master user stay the caller's."""
    support, level = values.pop("support"), values.pop("permission")
    return level if support else None


def _one_user(user: str, name: str, support: AccessLevel | None) -> tuple[str, str]:
    """USER and NAME: with --support the only argument is NAME. Raises UsageError."""
    if support and user and name:
        raise UsageError(f"--support drops the vendor's user, and {user} is another.", "Use only one of the two.")
    if not support and not user:
        raise UsageError("No user was named.", "Name it: deployer db drop-user USER, or use --support.")
    return ("", user or name) if support else (user, name)


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
        """Lock users with an access level and end their sessions. Exit code 3 if any of them can still connect."""
        from generator.operations.database.revoke import shut_out

        if support and only:
            raise UsageError("--support and --only name two different users.", "Use only one of the two options.")
        users = SUPPORT_USERS if support else (only,) if only else ()
        result = shut_out(call.gateway, master_request(values), users, call)
        return CommandResult(result, db_text.shut_out_lines(result), 0 if result.holds else 3, to_read=True)


def _register_policy(group: typer.Typer) -> None:
    @command(group, "policy", extra=_POLICY)
    def policy(
        call: Invocation,
        fmt: Annotated[PolicyFormat, typer.Option("--format", help="JSON or YAML.")] = PolicyFormat.json,
        any_host: Annotated[
            bool, typer.Option("--any-host", help="Print it even if it allows reaching other hosts as well.")
        ] = False,
        **values: Any,
    ) -> CommandResult:
        """Print the IAM policy that allows connecting as one database user, and as no other."""
        from generator.operations.database.iam_policy import connect_policy

        result = connect_policy(call.gateway, request_from(values), any_host=any_host)
        for warning in result.warnings:
            call.say(f"warning: {warning}")
        return CommandResult(result.policy, [render.document(result.policy, fmt.value)])


def _register_users(group: typer.Typer) -> None:
    @command(group, "users", extra=_OPERATE)
    def users(call: Invocation, **values: Any) -> CommandResult:
        """List the users with an access level, whether tokens are accepted, and their sessions."""
        from generator.operations.database.manage_users import list_users

        result = list_users(call.gateway, request_from(values), call)
        return CommandResult(result, db_text.user_lines(result), to_read=True)


def _register_activity(group: typer.Typer) -> None:
    @command(group, "activity", extra=_OPERATE)
    def activity(
        call: Invocation,
        watch: Annotated[float, typer.Option(help="Refresh every so many seconds, until Ctrl-C.", min=0)] = 0,
        idle: Annotated[bool, typer.Option("--idle", help="Show idle sessions too.")] = False,
        **values: Any,
    ) -> CommandResult | None:
        """Show what runs, what waits, and which session blocks which."""
        from generator.operations.database.activity import activity

        with closing(activity(call.gateway, request_from(values), watch, call)) as readings:
            for reading in readings:
                lines = db_text.activity_lines(reading, idle=idle)
                if not watch:
                    return CommandResult(reading, lines)
                _show(lines)
        return None


def _show(lines: Sequence[str]) -> None:
    """Show one frame of --watch: in place of the last one at a terminal, else below it."""
    for number, line in enumerate(lines):
        tell(line, cleared=number == 0)


def _register_kill(group: typer.Typer) -> None:
    @command(group, "kill", changes=True, extra=_OPERATE)
    def kill(
        call: Invocation,
        pid: Annotated[int, typer.Argument(metavar="PID", min=1, help="The session, as db activity numbers it.")],
        **values: Any,
    ) -> CommandResult:
        """Show a session, ask, and end it."""
        from generator.operations.database.activity import kill

        result = kill(call.gateway, request_from(values), pid, call)
        return CommandResult(result, [f"{pid} was ended." if result.ended else f"{pid} had already ended."])
