"""A `w` that is not limited to data, on a real MySQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from generator.host.drivers import Query, SqlRefused
from generator.model.database import AccessLevel, Engine
from generator.model.database_changes import OwnedObject
from generator.operations.database import mysql, users

Connect = Callable[..., Query]
EVE = {"eve_w": AccessLevel.WRITE}
LIMITED = mysql.bootstrap("app", EVE)
FULL = mysql.bootstrap("app", EVE, {"eve_w"})


@pytest.fixture
def master(as_user: Connect) -> Iterator[Query]:
    query = as_user()
    yield query
    query("DROP TABLE IF EXISTS app.mine")
    query("DROP PROCEDURE IF EXISTS app.stamp")
    query("DELETE FROM orders WHERE item = 'x'")
    query(mysql.drop_user("eve_w"))


def test_it_creates_changes_and_drops_tables_of_this_database_and_of_no_other(master: Query, as_user: Connect) -> None:
    master(FULL)
    writer = as_user("eve_w")
    writer("CREATE TABLE mine (id int); ALTER TABLE mine ADD x int; DROP TABLE mine")
    for statement in ("CREATE DATABASE other", "CREATE USER x", "SELECT * FROM mysql.user"):
        with pytest.raises(SqlRefused):
            writer(statement)


@pytest.mark.parametrize("before", [[], [FULL]], ids=["new", "a full one before"])
def test_a_w_that_is_limited_creates_nothing(before: list[str], master: Query, as_user: Connect) -> None:
    for script in (*before, LIMITED):
        master(script)
    writer = as_user("eve_w")
    writer("INSERT INTO orders (item) VALUES ('x')")
    for statement in ("CREATE TABLE mine (id int)", "CREATE PROCEDURE stamp() SELECT 1", "DROP TABLE orders"):
        with pytest.raises(SqlRefused, match="denied"):
            writer(statement)


def test_whoever_is_shut_out_leaves_what_runs_with_their_rights(master: Query, as_user: Connect) -> None:
    master(FULL)
    writer = as_user("eve_w")
    writer("CREATE TABLE mine (id int)")
    writer("CREATE TRIGGER stamped BEFORE INSERT ON mine FOR EACH ROW SET NEW.id = 1")
    writer("CREATE PROCEDURE stamp() SQL SECURITY INVOKER SELECT 1")
    assert users.owned_by(master, Engine.MYSQL, ["eve_w", "alice_r"]) == (
        OwnedObject("eve_w", "procedure app.stamp"),
        OwnedObject("eve_w", "trigger app.stamped", runs_as_owner=True),
    )
