"""A user who is dropped over a connection that is cut, on a real MySQL: what is said is true."""

from __future__ import annotations

from typing import Any

import pytest

from generator.errors import DeployerError
from generator.model.database import AccessLevel, Engine
from generator.operations.database import mysql, users
from generator.operations.database.connection import connected

from .conftest import World, login

STATEMENT = "DROP USER"


def test_a_cut_while_it_is_dropped_leaves_that_unknown_and_a_further_run_drops_it(world: World) -> None:
    with world.open() as master:
        master(mysql.bootstrap("app", {"eve_r": AccessLevel.READ}))

        def is_there() -> bool:
            return bool(master("SELECT user FROM mysql.user WHERE user = 'eve_r'"))

        boss = login(world.server.user, world.server.password)
        with connected(boss, world.route()) as query, pytest.raises(DeployerError) as lost:
            [(number,)] = query("SELECT connection_id()")

            def cut(statements: str) -> list[Any]:
                if STATEMENT in statements:
                    master(f"KILL {number}")
                return query(statements)

            users.drop_user(cut, Engine.MYSQL, "eve_r")
        assert lost.value.message.startswith("The connection was lost while eve_r was dropped"), lost.value.message
        assert "deployer db users" in lost.value.hint and is_there()
        with connected(boss, world.route()) as query:
            users.drop_user(query, Engine.MYSQL, "eve_r")
        assert not is_there()
