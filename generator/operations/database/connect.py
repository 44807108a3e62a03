"""`db connect`: a tunnel, a token, and a client that verifies whom it talks to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from generator.errors import DeployerError, NotFound
from generator.host import programs
from generator.model.database import ClientProgram, Database, Engine, Login, Route
from generator.operations.database.diagnosis import diagnose
from generator.operations.database.reach import Wish, ca_bundle, now
from generator.operations.database.run import connected
from generator.operations.database.settings import client_argv, client_environment
from generator.operations.database.tunnel import Tunnel, held_open

CHECK_SECONDS = 40.0


@contextmanager
def route_to(database: Database, wish: Wish, tunnel: Tunnel) -> Iterator[Route]:
    """The way to the database, open for as long as the block runs, and closed when this process is told to end.

    The CA bundle is looked for first. SIGTERM and SIGHUP arrive in the block as KeyboardInterrupt.
    """
    bundle = ca_bundle(wish.ca_bundle)
    with programs.ending_politely(), held_open(tunnel, database, wish.local_port) as port:
        yield Route("127.0.0.1", port, bundle, wish.dbname or database.database or _usual(database.engine))


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
    argv = client_argv(login, route)
    quiet = ["-X", "-v", "ON_ERROR_STOP=1", "-c", sql] if client is ClientProgram.psql else ["--execute", sql]
    said = programs.ask_client([argv[0], *argv[1:], *quiet], client_environment(login))
    if said.exit_code:
        raise diagnose(said.errors or said.output, login, route, now())
    return said.output


def start(client: ClientProgram, login: Login, route: Route) -> int:
    """Start the client at this terminal; gives its exit code when it has ended."""
    if client.value != client_argv(login, route)[0]:
        raise DeployerError(
            f"{client} does not speak to a {login.database.engine} database.",
            f"Use --client {client_argv(login, route)[0]}.",
            exit_code=2,
            code="wrong-client",
        )
    return programs.run_client(client_argv(login, route), client_environment(login))
