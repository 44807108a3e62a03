"""A real MySQL behind the stand-in's front, one per worker, and ways to talk to it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from generator.host import drivers
from generator.host.drivers import Query
from generator.host.loopback_certificate import loopback_certificate
from generator.model.database import AccessLevel, Database, Engine, Login, Route
from generator.operations.database import mysql, tunnel
from generator.sandbox.database.rds_server import RdsServer, rds_server
from tests.database.conftest import ENDPOINT, KEYS, forwarder, sign

PORT = Engine.MYSQL.default_port
USERS = {
    "alice_r": AccessLevel.READ,
    "alice_w": AccessLevel.WRITE,
    "alice_o": AccessLevel.OPERATE,
    "bob_o": AccessLevel.OPERATE,
}


def token(user: str = "alice_r", **changed: object) -> str:
    return sign(**{"port": PORT, "user": user, **changed})  # type: ignore[arg-type]


def login(user: str = "alice_r", password: str = "", **changed: object) -> Login:
    given: dict[str, object] = {"name": "app", "engine": Engine.MYSQL, "endpoint": ENDPOINT, "port": PORT}
    found = Database(**{**given, "database": "app", "region": "us-east-1", **changed})  # type: ignore[arg-type]
    return Login(found, user, None, password or token(user))


@dataclass
class World:
    """The stand-in, and which database users the pretended IAM lets nobody be."""

    server: RdsServer
    denied: set[str] = field(default_factory=set)
    opened: ExitStack = field(default_factory=ExitStack)

    def route(self, endpoint: str = ENDPOINT, ca_bundle: str = "", database: str = "app", port: int = 0) -> Route:
        """The local end of a tunnel, which verifies `endpoint`; behind it `port`, by default the stand-in's."""
        own = loopback_certificate(self.server.directory / "mysql", datetime.now(UTC))
        bundle, far = ca_bundle or str(self.server.ca_bundle), port or self.server.port
        way = tunnel.verified(lambda database, local: nullcontext(far), bundle, own.context)
        named = login(endpoint=endpoint, password="-").database
        near = self.opened.enter_context(tunnel.open_in_background(way, named, 0))
        return Route("127.0.0.1", near, bundle, database, str(own.path))

    def open(self, user: str = "", database: str = "app") -> AbstractContextManager[Query]:
        """A connection as the master, or as a user with an access level with a fresh token; verified TLS."""
        return drivers.mysql(
            host=ENDPOINT,
            address=("127.0.0.1", self.server.port),
            user=user or self.server.user,
            password=token(user) if user else self.server.password,
            database=database,
            ca_bundle=str(self.server.ca_bundle),
        )


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    denied: set[str] = set()
    allows = lambda claim, user: user not in denied  # noqa: E731
    with rds_server(ENDPOINT, KEYS.__getitem__, allows, Engine.MYSQL) as found:
        made = World(found, denied)
        with made.open() as master:
            master("CREATE TABLE app.orders (id int AUTO_INCREMENT PRIMARY KEY, item text)")
            master("INSERT INTO app.orders (item) VALUES ('tea'), ('tea'), ('tea')")
            master(mysql.bootstrap("app", USERS))
        yield made


@pytest.fixture
def as_user(world: World) -> Iterator[Callable[..., Query]]:
    """Open connections as an access level's user, or the master (""); they are closed after the test."""
    with ExitStack() as opened:
        yield lambda user="", database="app": opened.enter_context(world.open(user, database))


@pytest.fixture
def at_home(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The environment of a person with credentials and mysql; the tunnel is a plain forwarder to the stand-in."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)  # where .ci/real-mysql puts it
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDCUSTOMEREXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS["AKIDCUSTOMEREXAMPLE"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")  # asked for the account, which is not needed
    monkeypatch.setenv("DEPLOYER_CA_BUNDLE", str(world.server.ca_bundle))
    monkeypatch.setattr(
        tunnel, "session_tunnel", lambda *asked: lambda database, port: forwarder(world.server.port, port)
    )
    with ExitStack() as world.opened:
        yield world
