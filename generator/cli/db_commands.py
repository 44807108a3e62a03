"""db: connecting to a private database through the stack, tokens, and lists."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from generator.cli import db_admin_commands, db_text
from generator.cli.command import CommandResult, command
from generator.cli.db_options import LOCAL, REACH, request_from
from generator.cli.invocation import Invocation
from generator.errors import UsageError
from generator.model.database import ClientProgram, PrintFormat


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        name="db",
        help="Connect to a private Aurora or RDS database: tunnel, token, verified TLS, users by access level.",
        no_args_is_help=True,
    )
    app.add_typer(group)
    _register_connect(group, "connect")
    _register_connect(app, "connect-bastion")
    _register_connect(app, "cb", hidden=True)
    _register_token(group)
    _register_lists(group)
    db_admin_commands.register(group)


def _register_connect(group: typer.Typer, name: str, **settings: Any) -> None:
    @command(group, name, extra=(*REACH, *LOCAL), **settings)
    def connect(
        call: Invocation,
        client: Annotated[
            ClientProgram | None, typer.Option(help="Client to start; by default the engine's own.")
        ] = None,
        form: Annotated[
            PrintFormat | None, typer.Option("--print", help="Print settings for a client, and keep the tunnel open.")
        ] = None,
        execute: Annotated[str, typer.Option("-c", "--command", help="Run this SQL and exit.", metavar="SQL")] = "",
        copy: Annotated[
            bool,
            typer.Option("--copy", help="Put the token on the clipboard while the tunnel is open; start no client."),
        ] = False,
        show_password: Annotated[
            bool,
            typer.Option("--show-password", help="Print user and token, keep the tunnel open; start no client."),
        ] = False,
        **values: Any,
    ) -> CommandResult | None:
        """Open a tunnel to a database, and psql or mysql through it. IAM signs you in; the server is verified."""
        from generator.cli.callers import DatabaseInvocation
        from generator.operations.database.connect import connect
        from generator.operations.database.request import ClientRequest

        _require_one_purpose(client, form, execute, copy, show_password)
        request = ClientRequest(request_from(values), client, form, execute, copy, show_password)
        result = connect(call.gateway, request, DatabaseInvocation(call))
        return CommandResult(result, *db_text.client_outcome(result)) if result else None


def _require_one_purpose(
    client: ClientProgram | None, form: PrintFormat | None, execute: str, copy: bool, show_password: bool
) -> None:
    """Raises UsageError for more than one of: a client here, one statement, a tunnel for a client of your own."""
    asked = (("--print", form), ("--copy", copy), ("--show-password", show_password))
    keeps = [option for option, given in asked if given]
    keeps += ["--client none"] if client is ClientProgram.none else []
    if execute and keeps:
        raise UsageError(f"-c exits at once, and {keeps[0]} keeps the tunnel open.", "Use only one of the two options.")
    if keeps and client not in (None, ClientProgram.none):
        raise UsageError(
            f"{keeps[0]} keeps the tunnel open for a client of your own, and --client starts one here.",
            "Use only one of the two options.",
        )


def _register_token(group: typer.Typer) -> None:
    @command(group, "token", extra=REACH)
    def token(
        call: Invocation,
        copy: Annotated[
            bool, typer.Option("--copy", help="Put it on the clipboard instead; cleared after 45 seconds.")
        ] = False,
        **values: Any,
    ) -> CommandResult:
        """Print a token, the password of your database user; at a terminal it asks first."""
        from generator.cli.callers import DatabaseInvocation
        from generator.operations.database.login import create_token

        login = create_token(call.gateway, request_from(values), DatabaseInvocation(call), copy=copy)
        result: dict[str, object] = {"user": login.user, "seconds": login.seconds}
        return CommandResult(result if copy else {**result, "token": login.token}, [] if copy else [login.token])


def _register_lists(group: typer.Typer) -> None:
    @command(group, "list")
    def list_(call: Invocation) -> CommandResult:
        """List the PostgreSQL and MySQL databases of this account and region."""
        databases = call.gateway.rds.describe_databases()
        return CommandResult(databases, db_text.database_lines(databases), to_read=True)

    @command(group, "whoami", extra=REACH)
    def whoami(call: Invocation, **values: Any) -> CommandResult:
        """Show your database user for each access level, and whether IAM allows it."""
        from generator.operations.database.login import whoami

        permissions = whoami(call.gateway, request_from(values), call)
        return CommandResult(permissions, db_text.permission_lines(permissions), to_read=True)

    @command(group, "ca-bundle")
    def ca_bundle(
        call: Invocation,
        sha256: Annotated[str, typer.Option(help="The SHA-256 that the bundle must have.", metavar="HEX")] = "",
        source: Annotated[str, typer.Option("--from", help="URL to download it from.", metavar="URL")] = "",
    ) -> CommandResult:
        """Download RDS's certificate authorities. The file is kept only if its hash is the one given."""
        from generator.operations.database.ca_bundle import fetch_bundle

        path = fetch_bundle(source, sha256, call.gateway.given_ca_bundle)
        return CommandResult({"path": str(path)}, [str(path)])
