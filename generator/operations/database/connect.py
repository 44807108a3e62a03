"""`db connect`: a tunnel, a token, and a client that verifies the server."""

from __future__ import annotations

import time

from generator.errors import NotFound, UsageError
from generator.gateway.aws import Gateway
from generator.host import clients
from generator.host.clipboard import on_clipboard
from generator.model.connect import accepted_line
from generator.model.database import ClientProgram, Engine, Login, Route
from generator.model.database_client import (
    ClientExit,
    ClientSettings,
    Connected,
    DatabaseCaller,
    OpenTunnel,
    StatementOutput,
    UnnamedDatabase,
)
from generator.operations.clock import SYSTEM, Clock
from generator.operations.database import client_settings as settings
from generator.operations.database import tunnel
from generator.operations.database.connection import connected, route_to
from generator.operations.database.error_messages import diagnose
from generator.operations.database.login import DISCLOSURE, login_for, token_command
from generator.operations.database.lookup import find_database
from generator.operations.database.request import ClientRequest


def connect(gateway: Gateway, request: ClientRequest, caller: DatabaseCaller) -> StatementOutput | ClientExit | None:
    """Open a tunnel and connect to the database; return the statement's output, or how the client ended.

    None after a tunnel that stayed open for a client of the user's own until the user interrupted. What is missing on
    this computer is found before the first session. Raises NotFound, UsageError, Declined, and DeployerError that
    explains the database's refusal.
    """
    database = find_database(gateway, request.database)
    program = _program(request, database.engine)
    settings.require_printable(request.form, database.engine)
    if request.form in settings.WITH_TOKEN or request.show_password:
        caller.allow_secret(DISCLOSURE)
    require_program(program, database.engine)
    login = login_for(gateway, database, request.database)
    announced = _Announced(caller)
    opener = tunnel.session_tunnel(gateway, request.database, caller.say, announced.accepted)
    with route_to(database, request.database, opener) as route:
        if request.sql:
            if not login.database.database:
                caller.show(UnnamedDatabase(route.database))
            return StatementOutput(login.user, run_statement(program, login, route, request.sql))
        check_connection(program, login, route)
        caller.show(Connected(login, route, settings.tls_note(program, request.form, database, route)))
        if program is not ClientProgram.none:
            return ClientExit(login.user, clients.run_client(*_command(login, route)))
        announced.port = route.port
        _keep_open(gateway, request, login, route, caller)
        return None


class _Announced:
    """Says a line for each connection of a client of the user's own: from when its `port` is known, not of our check.

    It is the local end's port, which before MySQL is not the tunnel's.
    """

    def __init__(self, caller: DatabaseCaller) -> None:
        self._caller = caller
        self.port = 0

    def accepted(self, port: int, session_id: str) -> None:
        """Called by the tunnel, in its thread."""
        if self.port:
            self._caller.say(accepted_line(self.port, session_id))


def _program(request: ClientRequest, engine: Engine) -> ClientProgram:
    if request.form or request.copy or request.show_password:
        return ClientProgram.none
    return request.program or ClientProgram.of(engine)


def require_program(program: ClientProgram, engine: Engine) -> None:
    """Raises NotFound if the client is not installed, UsageError if it is another engine's."""
    if program is ClientProgram.none:
        return
    own = ClientProgram.of(engine)
    if program is not own:
        raise UsageError(
            f"{program} cannot connect to a {engine} database.", f"Use --client {own}.", code="wrong-client"
        )
    clients.find(program)


def check_connection(program: ClientProgram, login: Login, route: Route) -> None:
    """Open and close one connection. Raises DeployerError, which explains a refusal.

    Uses the client itself; without one the driver; if that is not installed either, nothing is checked.
    """
    if program is not ClientProgram.none:
        run_statement(program, login, route, "SELECT 1")
        return
    try:
        with connected(login, route):
            return
    except NotFound as error:
        if error.code != "driver-missing":
            raise


def run_statement(program: ClientProgram, login: Login, route: Route, sql: str, clock: Clock = SYSTEM) -> str:
    """Run `sql` in the client, without a terminal; return its output. Raises DeployerError for a refusal."""
    argv, environment = _command(login, route)
    options = ["-X", "-v", "ON_ERROR_STOP=1", "-c", sql] if program is ClientProgram.psql else ["--execute", sql]
    answer = clients.ask_client([*argv, *options], environment)
    if answer.exit_code:
        raise diagnose(answer.errors or answer.output, login, route, clock.now(), sql)
    return answer.output


def _command(login: Login, route: Route) -> tuple[list[str], dict[str, str]]:
    """The client's command line, and the variables that only it gets."""
    return settings.client_argv(login, route), settings.client_environment(login)


def _keep_open(gateway: Gateway, request: ClientRequest, login: Login, route: Route, caller: DatabaseCaller) -> None:
    """Hand over the settings, and return when the user interrupts."""
    again = token_command(gateway.deployment, request.database, login)
    lines = settings.printed(request.form, login, route, again) if request.form else []
    if request.show_password:
        lines = [*lines, f"Username:        {login.user}", f"Password:        {login.token}"]
    with on_clipboard(login.token if request.copy else "", caller.say):
        caller.print_settings(ClientSettings(login.user, route.host, route.port, route.database, lines))
        caller.show(OpenTunnel(route, again))
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            caller.say("The tunnel is closed.")
