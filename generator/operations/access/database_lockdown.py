"""Revocation inside the database, where the stack knows one: IAM stops new connections only, open ones go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.gateway.aws import Gateway
from generator.model.command_line import CommandLine
from generator.model.contract import Parameter
from generator.model.database import SUPPORT_DATABASE_USER, AccessLevel
from generator.model.reading import Reading
from generator.model.stack import Stack
from generator.operations.access.readings import absent, read
from generator.operations.access.stack_access import StackAccess

if TYPE_CHECKING:
    from generator.model.database_changes import ShutOut

ASKED = "the database itself, as its master user"
MOST_NAMES = 5
"""How many users a line names."""


def endpoint_of(stack: Stack) -> str:
    """The database the stack knows, its own or one it was told of; empty where there is none."""
    name = Parameter.DATABASE_ENDPOINT  # a stack that made its own database says so in an output of the same name
    return stack.parameters.get(name, "") or stack.outputs.get(name, "")


def shut(gateway: Gateway, access: StackAccess, everybody: bool) -> Reading[ShutOut]:
    """End what support's users have open and let them open no more; or why that was not done. Never raises.

    Only what was given to support is taken: the customer's people stay in. Whose connection is whose cannot be told by
    principal, so one of several leaves the database as it is.
    """
    endpoint = endpoint_of(access.stack)
    if not endpoint:
        return absent(ASKED, "the stack has no database")
    if not everybody:
        return absent(ASKED, f"{endpoint}: others keep access, so it was not changed")

    def ask() -> ShutOut:
        from generator.operations.database.request import DatabaseRequest  # only here: most stacks have no database
        from generator.operations.database.revoke import shut_support_out

        anywhere = DatabaseRequest(local_port=0)  # the default one may be in use, by the session that is to end
        return shut_support_out(gateway, anywhere, identity=access.support_user)

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
    shut_out = commands.deployer("db", "shut-out", "--support", "--password-prompt")
    if outcome is None or outcome.left or not outcome.hint:
        return shut_out
    return f"{outcome.hint} Or: {shut_out}"


def _done(outcome: ShutOut, commands: CommandLine) -> str:
    stay = f"your own people keep access{_named(outcome.others)}"
    if not outcome.ended:
        return f"it has no user of support's; {stay}" if outcome.others else "it has no user with an access level"
    sessions = f"{outcome.sessions} session{'' if outcome.sessions == 1 else 's'} ended"
    levels = [level for level in AccessLevel if f"{SUPPORT_DATABASE_USER}_{level}" in outcome.ended]
    words = ("db", "bootstrap", outcome.database, "--support", "--permission")
    again = "; ".join(commands.deployer(*words, level) for level in levels)
    repair = f". For support to sign in again after the next grant: {again}" if again else ""
    return f"{', '.join(outcome.ended)}; {sessions}; {stay}{_owned(outcome)}{repair}"


def _owned(outcome: ShutOut) -> str:
    """What support's users leave behind: objects of theirs, of which some go on with their rights."""
    unsure = "".join(f"; {each}" for each in outcome.unsure)
    if not outcome.owned:
        return unsure
    runs = sum(each.runs_as_owner for each in outcome.owned)
    first = ", ".join(each.what for each in outcome.owned[:MOST_NAMES])
    return f"; what they own stays ({first}), {runs} of it running with their rights{unsure}"


def _named(users: tuple[str, ...]) -> str:
    """Who they are, in brackets; of many the number of the others."""
    more = f" and {len(users) - MOST_NAMES} more" if len(users) > MOST_NAMES else ""
    return f" ({', '.join(users[:MOST_NAMES])}{more})" if users else ""
