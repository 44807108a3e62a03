"""Revocation inside the database, where the stack knows one: IAM stops new connections only, open ones go on."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from generator.gateway.aws import Gateway
from generator.model.contract import Parameter
from generator.model.reading import Reading
from generator.model.stack import Stack
from generator.operations.access.commands import Commands
from generator.operations.access.readings import absent, read
from generator.operations.access.stack_access import Record

if TYPE_CHECKING:
    from generator.model.database_changes import ShutOut

ASKED = "the database itself, as its master user"
IF_NOBODY = " (if it finds nobody: the same without --support, for every user with an access level)"


def endpoint_of(stack: Stack) -> str:
    """The database the stack knows, its own or one it was told of; empty where there is none."""
    told = Parameter.DATABASE_ENDPOINT  # a stack that made its own database says so in an output
    return stack.parameters.get(told, "") or stack.outputs.get(told, "")


def shut(gateway: Gateway, found: Record, everybody: bool) -> Reading[ShutOut]:
    """End what support's users have open and let them open no more; or why that was not done. Never raises.

    Where the database has users of support's own, the customer's people stay in; else any user with an access level may
    be support's. Whose connection is whose cannot be told by principal, so one of several leaves the database as it is.
    """
    endpoint = endpoint_of(found.stack)
    if not endpoint:
        return absent(ASKED, "not ours: the stack knows of none")
    if not everybody:
        return absent(ASKED, f"{endpoint}: others stay, so it was left as it is")

    def ask() -> ShutOut:
        from generator.operations.database.request import DatabaseRequest  # only here: most stacks have no database
        from generator.operations.database.revoke import shut_support_out

        return shut_support_out(gateway, DatabaseRequest())

    return read(ASKED, ask)


def outcome(found: ShutOut) -> str:
    """What became of it: who is out, what was ended, what became of the customer's people; or what kept it."""
    if found.problem:
        return f"could not: {found.problem}"
    if found.left:
        return f"could not: {', '.join(sorted({user.user for user in found.left}))} still in"
    return f"done in {found.database}: {_done(found)}"


def by_hand(commands: Commands, found: ShutOut | None = None) -> str:
    """The next step where it was not done, or not all of it."""
    if found is not None and found.left:
        return commands.deployer("db", "shut-out", *(["--support"] if found.only_support else []), "--password-prompt")
    first = f"{found.hint} Or: " if found is not None and found.hint else ""
    return first + commands.deployer("db", "shut-out", "--support", "--password-prompt") + IF_NOBODY


def _done(found: ShutOut) -> str:
    if not found.ended:
        return "it has no user with an access level"
    sessions = f"{found.sessions} session{'' if found.sessions == 1 else 's'} ended"
    who = f"{', '.join(found.ended)}; {sessions}"
    if found.only_support:
        return f"{who}; your people stay in"
    again = f"deployer db bootstrap {shlex.quote(found.database)} --for NAME=LEVELS"
    return f"{who}; that is every user with an access level, as none is support's own. To let yours in again: {again}"
