"""`db connect`: a tunnel, a token, and a client that verifies the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from generator.errors import DeployerError, NotFound, UsageError
from generator.host import clients, drivers
from generator.model.database import ClientProgram, Database, Engine, Login, Route
from generator.operations.database.ca_bundle import ca_bundle
from generator.operations.database.client_settings import client_argv, client_environment
from generator.operations.database.connection import connected
from generator.operations.database.error_messages import diagnose
from generator.operations.database.request import DatabaseRequest
from generator.operations.database.tunnel import Tunnel, open_in_background


@contextmanager
def route_to(database: Database, request: DatabaseRequest, tunnel: Tunnel) -> Iterator[Route]:
    """A tunnel to the database, open while the block runs.

    The CA bundle is checked first. SIGTERM and SIGHUP are raised in the block as KeyboardInterrupt.
    """
    bundle = ca_bundle(request.ca_bundle)
    with clients.ending_politely(), _listening(tunnel, database, request.local_port) as port:
        yield Route("127.0.0.1", port, bundle, request.dbname or database.database or _usual(database.engine))


@contextmanager
def _listening(tunnel: Tunnel, database: Database, local_port: int) -> Iterator[int]:
    """The tunnel in the background; for a port in use, the error names the option that chooses another."""
    with ExitStack() as open_now:
        try:
            port = open_now.enter_context(open_in_background(tunnel, database, local_port))
        except DeployerError as error:
            if error.code not in ("port-in-use", "port-denied"):
                raise
            hint = "Choose another with --local-port, or --local-port 0 for any free one."
            raise DeployerError(error.message, hint, code=error.code) from error
        yield port


def _usual(engine: Engine) -> str:
    """The database that every server of the engine has."""
    return "postgres" if engine is Engine.POSTGRESQL else "mysql"


def check(client: ClientProgram, login: Login, route: Route) -> None:
    """Open and close one connection. Raises DeployerError, which explains a refusal.

    Uses the client itself; without one the driver; if that is not installed either, nothing is checked.
    """
    if client is not ClientProgram.none:
        ask(client, login, route, "SELECT 1")
        return
    try:
        with connected(login, route):
            return
    except NotFound as error:
        if error.code != "driver-missing":
            raise


def ask(client: ClientProgram, login: Login, route: Route, sql: str) -> str:
    """Run `sql` in the client, without a terminal; return its output. Raises DeployerError for a refusal."""
    if client is ClientProgram.mysql:
        _verify_name(login, route)
    argv = client_argv(login, route)
    quiet = ["-X", "-v", "ON_ERROR_STOP=1", "-c", sql] if client is ClientProgram.psql else ["--execute", sql]
    answer = clients.ask_client([argv[0], *argv[1:], *quiet], client_environment(login))
    if answer.exit_code:
        raise diagnose(answer.errors or answer.output, login, route, datetime.now(UTC), sql)
    return answer.output


def _verify_name(login: Login, route: Route) -> None:
    """Oracle's client verifies the CA but cannot verify a name that it does not dial, so the name is checked here."""
    try:
        drivers.check_mysql_name(login.database.endpoint, (route.host, route.port), route.ca_bundle)
    except drivers.SqlRefused as refused:
        raise diagnose(str(refused), login, route, datetime.now(UTC)) from None


def ready(client: ClientProgram, engine: Engine) -> None:
    """Raises NotFound if the client is not installed, UsageError if it is another engine's."""
    if client is ClientProgram.none:
        return
    own = ClientProgram.of(engine)
    if client is not own:
        raise UsageError(
            f"{client} cannot connect to a {engine} database.", f"Use --client {own}.", code="wrong-client"
        )
    clients.find(client)


def start(client: ClientProgram, login: Login, route: Route) -> int:
    """Run the client in this terminal; return its exit code."""
    return clients.run_client(client_argv(login, route), client_environment(login))
