"""Revocation inside the database, where the stack knows one: IAM stops new connections only, open ones go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.gateway.aws import Gateway
from generator.model.command_line import CommandLine
from generator.model.contract import Parameter
from generator.model.reading import Reading
from generator.model.stack import Stack
from generator.operations.access.readings import absent, read
from generator.operations.access.stack_access import StackAccess

if TYPE_CHECKING:
    from generator.model.database_changes import ShutOut

ASKED = "the database itself, as its master user"
IF_NOBODY = " (if it finds no such user, run it without --support: it then revokes every user with an access level)"


def endpoint_of(stack: Stack) -> str:
    """The database the stack knows, its own or one it was told of; empty where there is none."""
    name = Parameter.DATABASE_ENDPOINT  # a stack that made its own database says so in an output of the same name
    return stack.parameters.get(name, "") or stack.outputs.get(name, "")


def shut(gateway: Gateway, access: StackAccess, everybody: bool) -> Reading[ShutOut]:
    """End what support's users have open and let them open no more; or why that was not done. Never raises.

    Where the database has users of support's own, the customer's people stay in; else any user with an access level may
    be support's. Whose connection is whose cannot be told by principal, so one of several leaves the database as it is.
    """
    endpoint = endpoint_of(access.stack)
    if not endpoint:
        return absent(ASKED, "the stack has no database")
    if not everybody:
        return absent(ASKED, f"{endpoint}: others keep access, so it was not changed")

    def ask() -> ShutOut:
        from generator.operations.database.request import DatabaseRequest  # only here: most stacks have no database
        from generator.operations.database.revoke import shut_support_out

        return shut_support_out(gateway, DatabaseRequest())

    return read(ASKED, ask)


def summary(outcome: ShutOut, commands: CommandLine) -> str:
    """What became of it: who is out, what was ended, what became of the customer's people; or what kept it."""
    if outcome.problem:
        return f"could not: {outcome.problem}"
    if outcome.left:
        return f"could not: {', '.join(sorted({user.user for user in outcome.left}))} still have access"
    return f"done in {outcome.database}: {_done(outcome, commands)}"


def next_step(commands: CommandLine, outcome: ShutOut | None = None) -> str:
    """The next step where it was not done, or not all of it."""
    if outcome is not None and outcome.left:
        return commands.deployer(
            "db", "shut-out", *(["--support"] if outcome.only_support else []), "--password-prompt"
        )
    first = f"{outcome.hint} Or: " if outcome is not None and outcome.hint else ""
    return first + commands.deployer("db", "shut-out", "--support", "--password-prompt") + IF_NOBODY


def _done(outcome: ShutOut, commands: CommandLine) -> str:
    if not outcome.ended:
        return "it has no user with an access level"
    sessions = f"{outcome.sessions} session{'' if outcome.sessions == 1 else 's'} ended"
    who = f"{', '.join(outcome.ended)}; {sessions}"
    if outcome.only_support:
        return f"{who}; your own people keep access"
    again = commands.deployer("db", "bootstrap", outcome.database, "--for", "NAME=LEVELS")
    return f"{who}; every user with an access level, as none is support's own. To restore your people's access: {again}"
