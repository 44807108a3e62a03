"""`db connect`: a tunnel, a token, and a client that verifies whom it talks to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from generator.errors import DeployerError, NotFound, UsageError
from generator.host import drivers, programs
from generator.model.database import ClientProgram, Database, Engine, Login, Route
from generator.operations.database.ca_bundle import ca_bundle
from generator.operations.database.client_settings import client_argv, client_environment
from generator.operations.database.error_messages import diagnose
from generator.operations.database.request import Wish
from generator.operations.database.run import connected
from generator.operations.database.tunnel import Tunnel, held_open


@contextmanager
def route_to(database: Database, wish: Wish, tunnel: Tunnel) -> Iterator[Route]:
    """The way to the database, open for as long as the block runs, and closed when this process is told to end.

    The CA bundle is looked for first. SIGTERM and SIGHUP arrive in the block as KeyboardInterrupt.
    """
    bundle = ca_bundle(wish.ca_bundle)
    with programs.ending_politely(), _listening(tunnel, database, wish.local_port) as port:
        yield Route("127.0.0.1", port, bundle, wish.dbname or database.database or _usual(database.engine))


@contextmanager
def _listening(tunnel: Tunnel, database: Database, local_port: int) -> Iterator[int]:
    """The tunnel held open; a port that is taken is said with the option that chooses another."""
    with ExitStack() as open_now:
        try:
            port = open_now.enter_context(held_open(tunnel, database, local_port))
        except DeployerError as error:
            if error.code not in ("port-in-use", "port-denied"):
                raise
            hint = "Choose another with --local-port, or --local-port 0 for any free one."
            raise DeployerError(error.message, hint, code=error.code) from error
        yield port


def _usual(engine: Engine) -> str:
    """The database every server of the engine has."""
    return "postgres" if engine is Engine.POSTGRESQL else "mysql"


def check(client: ClientProgram, login: Login, route: Route) -> None:
    """Open and close one connection, so that a refusal is one sentence of ours. Raises DeployerError.

    The client itself is asked; without one the driver, and nobody where that is not installed either.
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
    """Run `sql` by the client, without a terminal; gives its output. Raises DeployerError for what was refused."""
    if client is ClientProgram.mysql:
        _see_name(login, route)
    argv = client_argv(login, route)
    quiet = ["-X", "-v", "ON_ERROR_STOP=1", "-c", sql] if client is ClientProgram.psql else ["--execute", sql]
    said = programs.ask_client([argv[0], *argv[1:], *quiet], client_environment(login))
    if said.exit_code:
        raise diagnose(said.errors or said.output, login, route, datetime.now(UTC), sql)
    return said.output


def _see_name(login: Login, route: Route) -> None:
    """Oracle's client verifies the authority and cannot verify a name it does not dial: so that is done here first."""
    try:
        drivers.check_mysql_name(login.database.endpoint, (route.host, route.port), route.ca_bundle)
    except drivers.SqlRefused as refused:
        raise diagnose(str(refused), login, route, datetime.now(UTC)) from None


def ready(client: ClientProgram, engine: Engine) -> None:
    """See that the client can be started, before anything is opened. Raises NotFound, UsageError for another's."""
    if client is ClientProgram.none:
        return
    own = ClientProgram.of(engine)
    if client is not own:
        raise UsageError(
            f"{client} does not speak to a {engine} database.", f"Use --client {own}.", code="wrong-client"
        )
    programs.find(client)


def start(client: ClientProgram, login: Login, route: Route) -> int:
    """Start the client at this terminal; gives its exit code when it has ended."""
    return programs.run_client(client_argv(login, route), client_environment(login))
