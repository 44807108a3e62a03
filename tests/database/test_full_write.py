"""A `w` that is not limited to data, on a real PostgreSQL: what it may, who never has it, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest

from generator.cli.db_text import owned_lines
from generator.errors import DeployerError, UsageError
from generator.model.database import FULL_WRITE_ROLE, AccessLevel, Database, Engine
from generator.model.database_changes import OwnedObject, ShutOut
from generator.operations.database import postgresql, users
from generator.operations.database.manage_users import require_full_writes

from .conftest import World

Connect = Callable[[str], psycopg.Connection]
EVE = {"eve_w": AccessLevel.WRITE}
LIMITED = postgresql.bootstrap("app", EVE)
FULL = postgresql.bootstrap("app", EVE, {"eve_w"})


@pytest.fixture
def master(world: World) -> Iterator[psycopg.Connection]:
    with world.connect() as connection:
        yield connection
        connection.execute(postgresql.drop_user("eve_w"))
        connection.execute("DROP SCHEMA IF EXISTS mine CASCADE")
        connection.execute("DELETE FROM orders WHERE item = 'x'")


def asked(connection: psycopg.Connection) -> Callable[[str], list[tuple[object, ...]]]:
    return lambda statement: connection.execute(statement).fetchall()


def test_it_creates_in_the_database_and_changes_data_as_well(master: psycopg.Connection, as_user: Connect) -> None:
    master.execute(FULL)
    writer = as_user("eve_w")
    writer.execute("CREATE SCHEMA mine CREATE TABLE note (id int)")
    writer.execute("CREATE TEMPORARY TABLE scratch (id int)")
    assert writer.execute("INSERT INTO orders (item) VALUES ('x') RETURNING item").fetchall() == [("x",)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        writer.execute("DROP TABLE orders")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        writer.execute("CREATE ROLE other")


@pytest.mark.parametrize("before", [[], [FULL]], ids=["new", "a full one before"])
def test_a_w_that_is_limited_creates_nothing(before: list[str], master: psycopg.Connection, as_user: Connect) -> None:
    for script in (*before, LIMITED):
        master.execute(script)
    writer = as_user("eve_w")
    assert writer.execute("INSERT INTO orders (item) VALUES ('x') RETURNING item").fetchall() == [("x",)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        writer.execute("CREATE SCHEMA mine")
    assert [u.role for u in listed(master) if u.user == "eve_w"] == [AccessLevel.WRITE.role]


def test_the_list_shows_which_it_is_once_whatever_it_was_before(master: psycopg.Connection) -> None:
    for script, role in ((LIMITED, AccessLevel.WRITE.role), (FULL, FULL_WRITE_ROLE)):
        master.execute(script)
        assert [u.role for u in listed(master) if u.user == "eve_w"] == [role]


def test_a_w_that_could_not_be_granted_what_it_is_for_is_no_success(master: psycopg.Connection) -> None:
    master.execute(FULL)
    database = Database("app", Engine.POSTGRESQL, "h", 5432, database="app")
    require_full_writes(asked(master), database, {"eve_w"})  # type: ignore[arg-type]
    master.execute("REVOKE CREATE ON DATABASE app FROM deepsql_write_full")
    require_full_writes(asked(master), database, ())  # type: ignore[arg-type]
    with pytest.raises(DeployerError, match="w may not create in app") as refused:
        require_full_writes(asked(master), database, {"eve_w"})  # type: ignore[arg-type]
    assert "GRANT ALL PRIVILEGES ON DATABASE app TO deepsql_write_full" in refused.value.hint


def listed(master: psycopg.Connection) -> list[users.DatabaseUser]:
    return users.query_users(asked(master), Engine.POSTGRESQL)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pairs", "full"),
    [
        (["jo=w"], {"jo_w"}),
        (["jo=rwo", "al=r"], {"jo_w"}),
        (["jo=rw:data"], set()),
        (["jo=r"], set()),
        (["deepsql-support=w"], set()),
        (["deepsql-support=w", "jo=w"], {"jo_w"}),
    ],
)
def test_whose_w_is_full_and_supports_never_is(pairs: list[str], full: set[str]) -> None:
    assert users.full_writers(pairs, Engine.POSTGRESQL) == full


@pytest.mark.parametrize("pair", ["jo=r:data", "jo=:data", "jo=w:all", "jo:data", "=w"])
def test_what_is_no_level_is_a_usage_error(pair: str) -> None:
    with pytest.raises(UsageError, match="is not NAME=LEVELS"):
        users.parse_users([pair], Engine.POSTGRESQL)


def test_whoever_is_shut_out_leaves_what_they_own_and_it_is_named(master: psycopg.Connection, as_user: Connect) -> None:
    master.execute(FULL)
    writer = as_user("eve_w")
    writer.execute("CREATE SCHEMA mine")
    writer.execute("CREATE TABLE mine.note (id int)")
    body = "RETURNS trigger LANGUAGE plpgsql {} AS 'BEGIN RETURN NEW; END'"
    writer.execute(f"CREATE FUNCTION mine.stamp() {body.format('SECURITY DEFINER')}")
    writer.execute(f"CREATE FUNCTION mine.plain() {body.format('')}")
    writer.execute("CREATE TRIGGER stamped BEFORE INSERT ON mine.note FOR EACH ROW EXECUTE FUNCTION mine.stamp()")
    owned = set(users.owned_by(asked(master), Engine.POSTGRESQL, ["eve_w", "alice_r"]))  # type: ignore[arg-type]
    assert owned == {
        OwnedObject("eve_w", "schema mine"),
        OwnedObject("eve_w", "table mine.note"),
        OwnedObject("eve_w", "function mine.plain()"),
        OwnedObject("eve_w", "function mine.stamp()", runs_as_owner=True),
        OwnedObject("eve_w", "trigger stamped on table mine.note", runs_as_owner=True),
    }
    assert users.owned_by(asked(master), Engine.POSTGRESQL, ["alice_r"]) == ()  # type: ignore[arg-type]


def test_the_lines_say_what_runs_with_whose_rights_and_how_to_give_it_to_somebody() -> None:
    owned = (OwnedObject("eve_w", "function f()", runs_as_owner=True), OwnedObject("eve_w", "schema mine"))
    lines = owned_lines(ShutOut("app", ("eve_w",), owned=owned))
    assert lines[1:3] == ["  eve_w: function f()  (runs with its owner's rights)", "  eve_w: schema mine"]
    assert lines[3].endswith("drop the user: deployer db drop-user eve_w app") and "REASSIGN OWNED BY" in lines[4]
    assert "DEFINER" in owned_lines(ShutOut("app", ("eve_w",), owned=owned, engine=Engine.MYSQL))[-1]
    assert owned_lines(ShutOut("app", ("eve_w",))) == []
