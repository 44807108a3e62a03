"""A MySQL with the settings many of RDS's have: performance_schema is off; and one some have: partial_revokes is on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from generator.host.drivers import SqlRefused
from generator.model.database import AccessLevel, Engine
from generator.operations.database import mysql, users
from generator.operations.database.activity_queries import read_activity
from generator.sandbox.database import mysql as server
from generator.sandbox.database.rds_server import rds_server
from tests.database.conftest import ENDPOINT, KEYS

from .conftest import USERS, World


@pytest.fixture(scope="module")
def other() -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "_SETTINGS", (*server._SETTINGS, "--performance-schema=OFF", "--partial-revokes=ON"))
        with rds_server(ENDPOINT, KEYS.__getitem__, engine=Engine.MYSQL) as found:
            yield World(found)


def test_who_waits_is_seen_without_performance_schema_and_who_is_there(other: World) -> None:
    with other.open() as master:
        master("CREATE TABLE app.orders (id int PRIMARY KEY); INSERT INTO app.orders VALUES (1)")
        master(mysql.bootstrap("app", USERS))
    with other.open("alice_w") as first, other.open("alice_w") as second, other.open("alice_o") as operator:
        first("START TRANSACTION; UPDATE orders SET id = 2")
        waiting = threading.Thread(target=second, args=("UPDATE orders SET id = 3",))
        waiting.start()
        deadline, waits = time.monotonic() + 10, [""]
        while waits in ([], [""]) and time.monotonic() < deadline:
            time.sleep(0.2)  # InnoDB refreshes INNODB_TRX only when nobody has read it for 0.1 s
            waits = [s.wait for s in read_activity(operator, Engine.MYSQL) if s.state == "active"]
        first("ROLLBACK")
        waiting.join()
        assert waits == ["row lock (whose is unknown: performance_schema is off)"]
        assert {u.user: u.sessions for u in users.query_users(operator, Engine.MYSQL)}["alice_w"] == 2


def test_the_grants_are_for_the_one_database_where_a_backslash_would_be_part_of_its_name(other: World) -> None:
    with other.open() as master:
        master("; ".join(f"CREATE DATABASE {name}; CREATE TABLE {name}.t (id int)" for name in ("a_b", "axb")))
        master(mysql.bootstrap("a_b", {"dora_r": AccessLevel.READ}))
    with other.open("dora_r", database="a_b") as dora:
        assert dora("SELECT * FROM t") == []
        with pytest.raises(SqlRefused, match="command denied"):
            dora("SELECT * FROM axb.t")
