"""A real PostgreSQL behind the stand-in's front, one per worker, and ways to talk to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from botocore.session import Session

from generator.host.clients import find
from generator.model.database import AccessLevel
from generator.operations.database import postgresql, tunnel
from generator.sandbox.database.rds_server import RdsServer, rds_server

ENDPOINT = "app.cluster-c1abcdef.us-east-1.rds.amazonaws.com"
KEYS = {"AKIDCUSTOMEREXAMPLE": "customer-secret", "AKIDOTHEREXAMPLE": "other-secret"}
USERS = {
    "alice_r": AccessLevel.READ,
    "alice_w": AccessLevel.WRITE,
    "alice_o": AccessLevel.OPERATE,
    "bob_o": AccessLevel.OPERATE,
}


def sign(host: str = ENDPOINT, port: int = 5432, user: str = "alice_r", key: str = "AKIDCUSTOMEREXAMPLE") -> str:
    session = Session()
    session.set_credentials(key, KEYS[key])
    client = session.create_client("rds", region_name="us-east-1")
    return str(client.generate_db_auth_token(DBHostname=host, Port=port, DBUsername=user))


@dataclass
class World:
    """The stand-in, and which database users the pretended IAM lets nobody be."""

    server: RdsServer
    denied: set[str] = field(default_factory=set)

    def connect(self, user: str = "", **changed: object) -> psycopg.Connection:
        """As the master, or as a user with an access level with a fresh token; verified TLS."""
        password = sign(user=user) if user else self.server.password
        given: dict[str, object] = {
            "host": ENDPOINT,
            "hostaddr": "127.0.0.1",
            "port": self.server.port,
            "dbname": "app",
            "user": user or self.server.user,
            "password": password,
            "sslmode": "verify-full",
            "sslrootcert": str(self.server.ca_bundle),
            "autocommit": True,
            **changed,
        }
        return psycopg.connect(**given)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    denied: set[str] = set()
    with rds_server(ENDPOINT, KEYS.__getitem__, lambda claim, user: user not in denied) as found:
        made = World(found, denied)
        with made.connect() as master:
            master.execute("CREATE TABLE public.orders (id serial PRIMARY KEY, item text)")
            master.execute("INSERT INTO public.orders (item) SELECT 'tea' FROM generate_series(1, 50)")
            master.execute("ANALYZE public.orders")
            master.execute(postgresql.bootstrap("app", USERS))
        yield made


@pytest.fixture
def as_user(world: World) -> Iterator[Callable[[str], psycopg.Connection]]:
    """Open connections as an access level's user; they are closed after the test."""
    opened: list[psycopg.Connection] = []

    def connect(user: str) -> psycopg.Connection:
        opened.append(world.connect(user))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


@asynccontextmanager
async def forwarder(to_port: int, local_port: int) -> AsyncIterator[int]:
    """A plain TCP forwarder, in the place of a session's tunnel."""

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", to_port)
        with suppress(asyncio.CancelledError):  # the loop ends with connections open: as a tunnel that is closed
            await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))

    server = await asyncio.start_server(carry, "127.0.0.1", local_port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.fixture(scope="session")
def psql(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with psql under its own name, for shells: the one the product would start."""
    directory = tmp_path_factory.mktemp("bin")
    program = find("psql")
    settings = " ".join(f"{name}={value}" for name, value in program.environment.items())
    (directory / "psql").write_text(f'#!/bin/sh\n{settings} exec {program.path} "$@"\n')
    (directory / "psql").chmod(0o755)
    return directory


@pytest.fixture
def at_home(world: World, psql: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The environment of a person with credentials and psql; the tunnel is a plain forwarder to the stand-in."""
    monkeypatch.setenv("PATH", str(psql), prepend=":")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDCUSTOMEREXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS["AKIDCUSTOMEREXAMPLE"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")  # asked for the account, which is not needed
    monkeypatch.setenv("DEPLOYER_CA_BUNDLE", str(world.server.ca_bundle))
    monkeypatch.setattr(
        tunnel,
        "session_tunnel",
        lambda gateway, request, say=None, accepted=None: lambda database, port: forwarder(world.server.port, port),
    )
    return world
