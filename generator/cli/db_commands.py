"""db: connecting to a private database through the stack, tokens, and lists."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from generator.cli import db_admin_commands, db_text, render
from generator.cli.command import CommandResult, command
from generator.cli.db_options import LOCAL, REACH, request_from, token_command
from generator.cli.invocation import Invocation
from generator.cli.secret_output import allow_secret
from generator.errors import UsageError
from generator.model.database import ClientProgram, Login, PrintFormat, Route

COPY_SECONDS = 45
SHOWN = "a token that opens connections for 15 minutes"


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
    _register_looking(group)
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
        **values: Any,
    ) -> CommandResult | None:
        """Open a tunnel to a database, and psql or mysql through it. IAM signs you in; the server is verified."""
        from generator.operations.database import client_settings as settings
        from generator.operations.database import connect as operation
        from generator.operations.database import tunnel
        from generator.operations.database.login import login_for
        from generator.operations.database.lookup import find_database

        request = request_from(values)
        _one_purpose(client, form, execute, copy)
        database = find_database(call.gateway, request)
        chosen = ClientProgram.none if form or copy else client or ClientProgram.of(database.engine)
        settings.require_printable(form, database.engine)
        if form in settings.WITH_TOKEN:
            allow_secret(call, SHOWN)
        operation.ready(chosen, database.engine)
        login = login_for(call.gateway, database, request)
        opener = tunnel.session_tunnel(call.gateway, request, call.say)
        with operation.route_to(database, request, opener) as route:
            if execute:
                for line in db_text.defaulted_lines(login, route):
                    call.say(line)
                output = operation.ask(chosen, login, route, execute)
                return CommandResult({"user": login.user, "output": output}, output.splitlines())
            operation.check(chosen, login, route)
            for line in db_text.connected_lines(login, route, _tls(chosen, form, login)):
                call.say(line)
            if chosen is not ClientProgram.none:
                code = operation.start(chosen, login, route)
                return CommandResult({"user": login.user, "exit_code": code}, [], 1 if code else 0)
            _keep_open(call, login, route, token_command(call, request, login), form, copy)
            return None


def _tls(client: ClientProgram, form: PrintFormat | None, login: Login) -> str:
    """What the client verifies, if it does not verify the endpoint's name itself; else ""."""
    from generator.operations.database.client_settings import tls_of

    host = login.database.endpoint
    if form:
        return tls_of(form, login.database.engine)
    if client is ClientProgram.mysql:
        return f"TLS was verified for {host} just now; mysql itself verifies only the CA."
    return "" if client is ClientProgram.psql else f"Have your client verify the server's name: {host}."


def _one_purpose(client: ClientProgram | None, form: PrintFormat | None, execute: str, copy: bool) -> None:
    """Raises UsageError for more than one of: a client here, one statement, a tunnel for a client of your own."""
    keeps = [option for option, given in (("--print", form), ("--copy", copy)) if given]
    keeps += ["--client none"] if client is ClientProgram.none else []
    if execute and keeps:
        raise UsageError(f"-c exits at once, and {keeps[0]} keeps the tunnel open.", "Use only one of the two options.")
    if keeps and client not in (None, ClientProgram.none):
        raise UsageError(
            f"{keeps[0]} keeps the tunnel open for a client of your own, and --client starts one here.",
            "Use only one of the two options.",
        )


def _keep_open(call: Invocation, login: Login, route: Route, token: str, form: PrintFormat | None, copy: bool) -> None:
    """Print the settings, then keep the tunnel open until Ctrl-C. `token` is the command for another token."""
    from generator.operations.database import client_settings as settings
    from generator.operations.database import clipboard

    lines = settings.printed(form, login, route, token) if form else []
    shown = {"user": login.user, "host": route.host, "port": route.port, "database": route.database, "lines": lines}
    with clipboard.holding(login.token if copy else "", call.say):
        render.result(call, shown, lines)
        for line in db_text.tunnel_lines(route, token):
            call.say(line)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            call.say("The tunnel is closed.")


def _register_token(group: typer.Typer) -> None:
    @command(group, "token", extra=REACH)
    def token(
        call: Invocation,
        copy: Annotated[
            bool, typer.Option("--copy", help=f"Put it on the clipboard instead; cleared after {COPY_SECONDS} seconds.")
        ] = False,
        **values: Any,
    ) -> CommandResult:
        """Print a token, your user's password; a terminal asks first. It opens connections for 15 minutes."""
        from generator.operations.database import clipboard
        from generator.operations.database.login import login_for
        from generator.operations.database.lookup import find_database

        request = request_from(values)
        if not copy:
            allow_secret(call, SHOWN)
        database = find_database(call.gateway, request)
        login = login_for(call.gateway, database, request)
        call.say(f"{login.user} on {database.endpoint}:{database.port}")
        if not copy:
            return CommandResult({"user": login.user, "token": login.token, "seconds": login.seconds}, [login.token])
        with clipboard.holding(login.token, call.say):
            call.say(f"The token is on the clipboard for {COPY_SECONDS} seconds; Ctrl-C clears it at once.")
            time.sleep(COPY_SECONDS)
        return CommandResult({"user": login.user, "seconds": login.seconds}, [])


def _register_looking(group: typer.Typer) -> None:
    @command(group, "list")
    def list_(call: Invocation) -> CommandResult:
        """List the PostgreSQL and MySQL databases of this account and region."""
        found = call.gateway.rds.describe_databases()
        return CommandResult(found, db_text.database_lines(found))

    @command(group, "whoami", extra=REACH)
    def whoami(call: Invocation, **values: Any) -> CommandResult:
        """Show your database user for each access level, and whether IAM allows it."""
        from generator.operations.database.login import permissions_of
        from generator.operations.database.lookup import find_database

        request = request_from(values)
        found = permissions_of(call.gateway, find_database(call.gateway, request), request)
        if any(each.permission == "unknown" for each in found):
            call.say("unknown: these credentials may not query IAM; the database decides when you connect.")
        return CommandResult(found, db_text.permission_lines(found))

    @command(group, "ca-bundle")
    def ca_bundle(
        call: Invocation,
        sha256: Annotated[str, typer.Option(help="The SHA-256 that the bundle must have.", metavar="HEX")] = "",
        source: Annotated[str, typer.Option("--from", help="URL to download it from.", metavar="URL")] = "",
    ) -> CommandResult:
        """Download RDS's certificate authorities. The file is kept only if its hash is the one given."""
        from generator.operations.database.ca_bundle import fetch_bundle

        path = fetch_bundle(source, sha256)
        return CommandResult({"path": str(path)}, [str(path)])
