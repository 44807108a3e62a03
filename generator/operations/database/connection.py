"""Connections to a database: through a tunnel, as the caller's own user or as the master user, refusals explained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace

from generator import directories
from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.host import clients, drivers
from generator.host.drivers import Query, Row
from generator.host.loopback_certificate import loopback_certificate
from generator.model.command_line import CommandLine
from generator.model.database import Database, Engine, Login, Route
from generator.model.json_text import parse_json
from generator.operations.clock import SYSTEM, Clock
from generator.operations.database import tunnel as tunnels
from generator.operations.database.ca_bundle import ca_bundle
from generator.operations.database.client_settings import libpq
from generator.operations.database.error_messages import diagnose
from generator.operations.database.login import login_for
from generator.operations.database.lookup import find_database
from generator.operations.database.request import DatabaseRequest, MasterRequest
from generator.operations.database.tunnel import Tunnel, open_in_background

Say = Callable[[str], None]


@contextmanager
def as_caller(gateway: Gateway, request: DatabaseRequest, say: Say) -> Iterator[tuple[Login, Query]]:
    """A connection to the database that is meant, as the caller's own user; the tunnel closes with the block.

    Raises what `find_database`, `login_for` and `connected` raise.
    """
    database = find_database(gateway, request)
    login = login_for(gateway, database, request)
    opener = tunnels.session_tunnel(gateway, request, say)
    with route_to(database, request, opener) as route, connected(login, route) as query:
        yield login, query


@contextmanager
def as_master(
    gateway: Gateway, database: Database, request: MasterRequest, say: Say, tunnel: Tunnel | None = None
) -> Iterator[Query]:
    """A connection to the database as its master user; the tunnel closes with the block.

    Raises what `master_login` and `connected` raise.
    """
    with master_connections(gateway, database, request, say, tunnel) as connect, connect("") as query:
        yield query


Connect = Callable[[str], AbstractContextManager[Query]]
"""Opens a connection to one of the server's databases by its name; "" is the one that is meant."""


@contextmanager
def master_connections(
    gateway: Gateway, database: Database, request: MasterRequest, say: Say, tunnel: Tunnel | None = None
) -> Iterator[Connect]:
    """The same for several of the server's databases, through one tunnel."""
    login = master_login(gateway, database, request.database.user, request.password)
    opener = tunnel or tunnels.session_tunnel(gateway, request.database, say)
    with route_to(database, request.database, opener) as route:
        yield lambda name: connected(login, replace(route, database=name or route.database))


def master_login(gateway: Gateway, database: Database, user: str, password: str) -> Login:
    """The master user's login: the name and password given, or those in RDS's own secret.

    Raises DeployerError: `needs-password` without either, `master-secret` for a secret that is not RDS's JSON.
    """
    if password:
        return Login(database, user or database.master_user or _default_master(database.engine), None, password)
    if not database.master_secret:
        raise DeployerError(
            f"RDS has no master password of {database.name} in Secrets Manager.",
            "Give it with --password-stdin or --password-prompt, or print the SQL with --print and run it yourself.",
            code="needs-password",
        )
    content = gateway.secretsmanager.get_secret_value(database.master_secret)
    name, password = _read_master_secret(content, database, gateway.commands)
    return Login(database, name, None, password)


def _default_master(engine: Engine) -> str:
    """The default name of the engine's master user in the RDS console."""
    return "postgres" if engine is Engine.POSTGRESQL else "admin"


def _read_master_secret(content: str, database: Database, commands: CommandLine) -> tuple[str, str]:
    """User and password in a secret that RDS manages: a JSON object with `username` and `password`, both strings
    (Secrets Manager user guide, "Amazon RDS and Aurora managed secrets"). The content appears in no error."""
    try:
        secret = parse_json(content)
    except ValueError:
        secret = None
    pair = [secret.get(key) for key in ("username", "password")] if isinstance(secret, dict) else []
    match pair:
        case [str(user), str(password)] if user and password:
            return user, password
    raise DeployerError(
        f"The master secret of {database.name} ({database.master_secret}) is not a JSON object with username and "
        "password.",
        "Give the password with --password-stdin or --password-prompt, or have RDS rotate the secret: "
        + commands.aws("secretsmanager", "rotate-secret", "--secret-id", database.master_secret or ""),
        code="master-secret",
    )


@contextmanager
def route_to(database: Database, request: DatabaseRequest, tunnel: Tunnel, clock: Clock = SYSTEM) -> Iterator[Route]:
    """A tunnel to the database, open while the block runs. To MySQL its local end verifies the database.

    The CA bundle is checked first. SIGTERM and SIGHUP are raised in the block as KeyboardInterrupt.
    """
    bundle, local_certificate = ca_bundle(request.ca_bundle), ""
    if database.engine is Engine.MYSQL:
        own = loopback_certificate(directories.state() / "mysql", clock.now())
        tunnel, local_certificate = tunnels.verified(tunnel, bundle, own.context), str(own.path)
    with clients.ending_politely(), _listening(tunnel, database, request.local_port) as port:
        name = request.dbname or database.database or _default_database(database.engine)
        yield Route("127.0.0.1", port, bundle, name, local_certificate)


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
            raise error.explained(hint=hint) from error
        yield port


def _default_database(engine: Engine) -> str:
    """The database that every server of the engine has."""
    return "postgres" if engine is Engine.POSTGRESQL else "mysql"


@contextmanager
def connected(login: Login, route: Route) -> Iterator[Query]:
    """A connection of the engine's driver. Refusals, at the start and later, are raised as DeployerError."""
    with _translated(login, route), _open(login, route) as query:

        def run(statements: str) -> list[Row]:
            with _translated(login, route, signed_in=True):
                return query(statements)

        yield run


@contextmanager
def _translated(login: Login, route: Route, clock: Clock = SYSTEM, *, signed_in: bool = False) -> Iterator[None]:
    try:
        yield
    except drivers.SqlRefused as refused:
        raise diagnose(str(refused), login, route, clock.now(), signed_in=signed_in) from None


def _open(login: Login, route: Route) -> AbstractContextManager[Query]:
    if login.database.engine is Engine.POSTGRESQL:
        return drivers.postgresql(libpq(login, route), login.token)
    return drivers.mysql(
        host=route.host,  # the local end, which verifies the database
        address=(route.host, route.port),
        user=login.user,
        password=login.token,
        database=route.database,
        ca_bundle=route.local_certificate,
    )
