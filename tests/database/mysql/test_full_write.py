"""A `w` that is not limited to data, on a real MySQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import pytest

from generator.cli.db_text import owned_lines
from generator.errors import DeployerError
from generator.host.drivers import Query, SqlRefused
from generator.model.database import AccessLevel, Database, Engine, Route
from generator.model.database_changes import ShutOut
from generator.operations.database import mysql, users
from generator.operations.database.error_messages import diagnose
from generator.operations.database.leavers import owned_by_leavers

from .conftest import login

Connect = Callable[..., Query]
DATABASE = Database("app", Engine.MYSQL, "h", 3306, database="app")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
EVE = {"eve_w": AccessLevel.WRITE}
LIMITED = mysql.bootstrap("app", EVE)
FULL = mysql.bootstrap("app", EVE, {"eve_w"})


def nowhere(name: str) -> AbstractContextManager[Query]:
    raise AssertionError("MySQL's users own nothing by database")


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
    writer("CREATE FUNCTION `odd``name`() RETURNS int DETERMINISTIC RETURN 1")
    writer("CREATE VIEW seen AS SELECT * FROM mine")
    writer("CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO SELECT 1")
    owned = users.owned_by(master, Engine.MYSQL, ["eve_w", "alice_r"])
    assert {(each.user, each.what, each.runs_as_owner) for each in owned} == {
        ("eve_w", "procedure app.stamp", False),
        ("eve_w", "trigger app.stamped", True),
        ("eve_w", "function app.odd`name", True),
        ("eve_w", "view app.seen", True),
        ("eve_w", "event app.nightly", True),
    }
    with pytest.raises(DeployerError, match=r"it is the definer of event app\.nightly, function") as held:
        owned_by_leavers(nowhere, master, DATABASE, ["eve_w"])
    assert held.value.code == "runs-as-owner"
    assert held.value.hint.startswith("See the statements for each with: deployer db shut-out app --only eve_w")
    with pytest.raises(SqlRefused, match="the user eve_w is referenced as a definer account in"):
        master(mysql.drop_user("eve_w"))
    assert "eve_w" in {user.user for user in users.query_users(master, Engine.MYSQL)}
    for line in owned_lines(ShutOut("app", ("eve_w",), owned=owned, engine=Engine.MYSQL))[-len(owned) :]:
        show, drop, _ = line.strip().split(";")
        assert "eve_w" in str(master(show)), "the text has the definer"
        master(drop)
    assert users.owned_by(master, Engine.MYSQL, ["eve_w"]) == ()
    assert owned_by_leavers(nowhere, master, DATABASE, ["eve_w"]) == []


def test_what_a_locked_user_left_has_no_rights_until_the_user_is_unlocked(master: Query, as_user: Connect) -> None:
    master(FULL)
    as_user("eve_w")("CREATE PROCEDURE stamp() SELECT count(*) FROM app.orders")
    master("GRANT EXECUTE ON PROCEDURE app.stamp TO alice_o")
    operator = as_user("alice_o")
    operator("CALL stamp()")
    users.shut_out_users(master, Engine.MYSQL, ["eve_w"])
    users.take_levels(master, Engine.MYSQL, ["eve_w"])
    with pytest.raises(SqlRefused, match="denied"):
        operator("CALL stamp()")
    assert [u.tokens for u in users.query_users(master, Engine.MYSQL) if u.user == "eve_w"] == [False]
    master(FULL)
    operator("CALL stamp()")
    master("DROP PROCEDURE app.stamp")


def test_made_again_by_a_user_without_rights_it_does_nothing_that_this_user_may_not(
    master: Query, as_user: Connect
) -> None:
    master("CREATE USER definer IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'")
    try:
        master("GRANT CREATE ROUTINE, TRIGGER ON app.* TO definer; CREATE TABLE app.mine (id int)")
        made = as_user("definer")
        made("CREATE PROCEDURE stamp() SQL SECURITY INVOKER DELETE FROM app.orders")
        made("CREATE TRIGGER stamped BEFORE INSERT ON mine FOR EACH ROW DELETE FROM app.orders")
        master("ALTER USER definer ACCOUNT LOCK; GRANT EXECUTE ON PROCEDURE app.stamp TO alice_r")
        with pytest.raises(SqlRefused, match="DELETE command denied to user 'alice_r'"):
            as_user("alice_r")("CALL stamp()")
        with pytest.raises(SqlRefused, match="DELETE command denied to user 'definer'"):
            as_user("alice_w")("INSERT INTO mine VALUES (1)")
    finally:
        master("DROP TABLE app.mine; DROP PROCEDURE app.stamp; DROP USER definer")


def test_what_mysql_itself_says_of_a_definer_is_one_sentence_and_the_next_step() -> None:
    said = "User 'eve_w'@'%' is referenced as a definer account in a stored procedure."
    error = diagnose(said, login("admin", "x"), Route("127.0.0.1", 1, "ca", "app"), NOW, signed_in=True)
    assert error.code == "runs-as-owner" and "definer of something" in error.message
    assert error.hint.endswith("deployer db shut-out --only USER")
