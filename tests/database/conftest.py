"""A real PostgreSQL behind the stand-in's front, one per worker, and ways to talk to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psycopg
import pytest
from botocore.session import Session

from generator.model.database import Grade
from generator.operations.database import postgresql
from generator.sandbox.database.standin import StandIn, stand_in

ENDPOINT = "app.cluster-c1abcdef.us-east-1.rds.amazonaws.com"
KEYS = {"AKIDCUSTOMEREXAMPLE": "customer-secret", "AKIDOTHEREXAMPLE": "other-secret"}
USERS = {"alice_r": Grade.READ, "alice_w": Grade.WRITE, "alice_o": Grade.OPERATE, "bob_o": Grade.OPERATE}


def sign(host: str = ENDPOINT, port: int = 5432, user: str = "alice_r", key: str = "AKIDCUSTOMEREXAMPLE") -> str:
    session = Session()
    session.set_credentials(key, KEYS[key])
    client = session.create_client("rds", region_name="us-east-1")
    return str(client.generate_db_auth_token(DBHostname=host, Port=port, DBUsername=user))


@dataclass
class World:
    """The stand-in, and which database users the pretended IAM lets nobody be."""

    server: StandIn
    denied: set[str] = field(default_factory=set)

    def connect(self, user: str = "", **changed: object) -> psycopg.Connection:
        """As the master, or as a user of the grades with a fresh token; verified TLS."""
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
    with stand_in(ENDPOINT, KEYS.__getitem__, lambda claim, user: user not in denied) as server:
        made = World(server, denied)
        with made.connect() as master:
            master.execute("CREATE TABLE public.orders (id serial PRIMARY KEY, item text)")
            master.execute("INSERT INTO public.orders (item) SELECT 'tea' FROM generate_series(1, 50)")
            master.execute("ANALYZE public.orders")
            master.execute(postgresql.bootstrap("app", USERS))
        yield made


@pytest.fixture
def as_user(world: World) -> Iterator[Callable[[str], psycopg.Connection]]:
    """Open connections as a grade's user; they are closed after the test."""
    opened: list[psycopg.Connection] = []

    def connect(user: str) -> psycopg.Connection:
        opened.append(world.connect(user))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()
