"""`db drop-user` over a connection that is cut, on a real PostgreSQL: what is said is true."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from generator.errors import DeployerError, NotFound
from generator.gateway.aws import Gateway
from generator.host.drivers import Query
from generator.model.database import AccessLevel, Database, Engine, Login, Route
from generator.model.database_changes import DropUserPlan
from generator.model.deployment import Deployment
from generator.operations.database import manage_users, postgresql
from generator.operations.database.connection import Connect, connected
from generator.operations.database.request import DatabaseRequest, MasterRequest
from tests.verbs.conftest import NotingCaller

from .conftest import ENDPOINT, World

APP = Database("app", Engine.POSTGRESQL, ENDPOINT, 5432, database="app")
DROP = "DROP ROLE"
Run = Callable[[Callable[[str, str, bool], bool]], object]


def is_there(world: World) -> bool:
    with world.connect() as master:
        return bool(master.execute("SELECT FROM pg_roles WHERE rolname = 'eve_w'").fetchall())


@pytest.fixture
def eve(world: World) -> Iterator[None]:
    """A user who owns something in another database of the server too."""
    with world.connect() as master:
        master.execute(postgresql.bootstrap("app", {"eve_w": AccessLevel.WRITE}))
        master.execute("CREATE DATABASE beside")
        with world.connect(dbname="beside") as beside:
            beside.execute('GRANT CREATE ON SCHEMA public TO "eve_w"')
        yield
        master.execute("DROP DATABASE beside WITH (FORCE)")
        master.execute("DROP OWNED BY eve_w; DROP ROLE eve_w" if is_there(world) else "SELECT 1")


@pytest.fixture
def drop(world: World, eve: None, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Drop her; `cuts(database, statements, done)` says whether the connection is cut before or after these."""
    boss = Login(APP, world.server.user, None, world.server.password)
    way = Route("127.0.0.1", world.server.port, str(world.server.ca_bundle), "app")

    def drop(cuts: Callable[[str, str, bool], bool]) -> object:
        @contextmanager
        def connect(name: str) -> Iterator[Query]:
            with connected(boss, replace(way, database=name or "app")) as query:
                [(pid,)] = query("SELECT pg_backend_pid()")

                def run(statements: str) -> list[Any]:
                    cut(cuts(name, statements, False), pid)
                    rows = query(statements)
                    cut(cuts(name, statements, True), pid)
                    return rows

                yield run

        def cut(wanted: bool, pid: int) -> None:
            if wanted:
                with world.connect() as master:
                    master.execute(f"SELECT pg_terminate_backend({pid}, 5000)")

        @contextmanager
        def connections(*_: object) -> Iterator[Connect]:
            yield connect

        plan = DropUserPlan(APP, "eve_w", "")
        monkeypatch.setattr(manage_users, "_plan_drop_user", lambda *_: plan)
        monkeypatch.setattr(manage_users, "master_connections", connections)
        request = MasterRequest(DatabaseRequest())
        return manage_users.drop_user(Gateway(Deployment()), request, "eve_w", None, NotingCaller())

    return drop


def never(name: str, statements: str, done: bool) -> bool:
    return False


def test_a_cut_in_another_database_is_none_of_the_master_user_s_rights(drop: Run, world: World) -> None:
    with pytest.raises(DeployerError) as lost:
        drop(lambda name, statements, done: name == "beside" and not done)
    assert lost.value.code != "not-dropped" and "Let the master user" not in lost.value.hint
    assert "eve_w was not dropped: the connection to the database beside" in lost.value.message
    assert is_there(world) and drop(never) and not is_there(world)


def test_a_cut_while_it_is_dropped_leaves_that_unknown(drop: Run, world: World) -> None:
    with pytest.raises(DeployerError) as lost:
        drop(lambda name, statements, done: DROP in statements and not done)
    assert lost.value.message == "The connection was lost while eve_w was dropped: whether it is gone is not known."
    assert "deployer db users" in lost.value.hint and "exit code 4" in lost.value.hint
    assert is_there(world) and drop(never) and not is_there(world)


def test_a_cut_after_it_is_dropped_says_so(drop: Run, world: World) -> None:
    with pytest.raises(DeployerError) as lost:
        drop(lambda name, statements, done: DROP in statements and done)
    assert "eve_w is gone: it was dropped." in lost.value.message
    assert lost.value.hint == "See whether it is still listed: deployer db users"
    assert not is_there(world)
    with pytest.raises(NotFound):
        drop(never)
