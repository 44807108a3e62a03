"""sessions: the live and the past sessions, and ending them."""

from __future__ import annotations

from typing import Annotated

import typer

from generator.cli import completion, session_text
from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.cli.lazy import DefaultCommand
from generator.errors import UsageError

OWNER = typer.Option(metavar="NAME", help="Only those of this user or role session: its ARN, or the name at its end.")
TARGET = typer.Option(metavar="ID", help="Only those on this instance.", autocompletion=completion.instances)
NOT_PROVED = 3


class ListByDefault(DefaultCommand):
    """`sessions` alone lists."""

    default = "list"


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(name="sessions", cls=ListByDefault, help="List the sessions on instances, and end them.")
    app.add_typer(group)
    _register_list(group)
    _register_end(group)


def _register_list(group: typer.Typer) -> None:
    @command(group, "list")
    def list_(
        call: Invocation,
        past: Annotated[bool, typer.Option("--past", help="Those that ended in the last 30 days.")] = False,
        owner: Annotated[str, OWNER] = "",
        target: Annotated[str, TARGET] = "",
    ) -> CommandResult:
        """List the live sessions: owner, instance, document, start, reason. Past ones also by address and program."""
        from generator.operations.sessions.origins import sessions_of

        sessions = sessions_of(call.gateway, call.say, past=past, target=target, owner=owner)
        return CommandResult(
            sessions, session_text.session_lines(sessions, past=past, some=bool(owner or target)), to_read=True
        )


def _register_end(group: typer.Typer) -> None:
    @command(group, "end", changes=True)
    def end(
        call: Invocation,
        session_id: Annotated[list[str], typer.Argument(metavar="[ID]...", help="Session IDs.")] = [],  # noqa: B006
        everything: Annotated[
            bool, typer.Option("--all", help="Every live session of the account and region.")
        ] = False,
        owner: Annotated[str, OWNER] = "",
        target: Annotated[str, TARGET] = "",
    ) -> CommandResult:
        """End sessions, and check that they have ended."""
        from generator.model.session import EndRequest
        from generator.operations.sessions.listing import end

        if bool(everything or owner or target) == bool(session_id):
            raise UsageError(
                "The sessions to end must be named in exactly one way.",
                "Give either IDs, or --all, --owner NAME, --target ID.",
            )
        report = end(call.gateway, EndRequest(tuple(session_id), owner, target), call)
        return CommandResult(report, session_text.end_lines(report), 0 if report.proved else NOT_PROVED, to_read=True)
