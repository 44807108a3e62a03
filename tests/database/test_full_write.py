"""A `w` that is not limited to data, on a real PostgreSQL: what it may, who never has it, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace

import psycopg
import pytest

from generator.cli.db_text import owned_lines
from generator.errors import DeployerError, UsageError
from generator.host.drivers import Query
from generator.model.database import FULL_WRITE_ROLE, AccessLevel, Database, Engine, Login, Route
from generator.model.database_changes import OwnedObject, ShutOut
from generator.operations.database import other_databases, postgresql, users
from generator.operations.database.connection import connected
from generator.operations.database.leavers import owned_by_leavers
from generator.operations.database.manage_users import require_full_writes

from .conftest import ENDPOINT, World

Connect = Callable[[str], psycopg.Connection]
INVOKED = "ALTER ROUTINE theirs.g() SECURITY INVOKER"
EVE = {"eve_w": AccessLevel.WRITE}
LIMITED = postgresql.bootstrap("app", EVE)
FULL = postgresql.bootstrap("app", EVE, {"eve_w"})


@pytest.fixture
def master(world: World) -> Iterator[psycopg.Connection]:
    with world.connect() as connection:
        yield connection
        if connection.execute("SELECT FROM pg_roles WHERE rolname = 'eve_w'").rowcount:
            connection.execute('GRANT "eve_w" TO CURRENT_USER; DROP SCHEMA IF EXISTS mine CASCADE')
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
    invoked = "ALTER ROUTINE mine.stamp() SECURITY INVOKER"
    assert owned == {
        OwnedObject("eve_w", "schema mine"),
        OwnedObject("eve_w", "table mine.note"),
        OwnedObject("eve_w", "function mine.plain()"),
        OwnedObject("eve_w", "function mine.stamp()", True, remedy=invoked),
        OwnedObject("eve_w", "trigger stamped on table mine.note", True, remedy=invoked),
    }
    assert users.owned_by(asked(master), Engine.POSTGRESQL, ["alice_r"]) == ()  # type: ignore[arg-type]


@pytest.fixture
def others(master: psycopg.Connection) -> Iterator[None]:
    """Two more databases, in which eve may create."""
    for name in ("other", "closed"):
        master.execute(f"CREATE DATABASE {name}")
        master.execute(f"GRANT CREATE ON DATABASE {name} TO {FULL_WRITE_ROLE}")
    yield
    for name in ("other", "closed"):
        master.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_what_is_in_other_databases_is_naming_and_given_up_before_its_owner_is_dropped(
    master: psycopg.Connection, others: None, world: World
) -> None:
    boss = Login(Database("app", Engine.POSTGRESQL, ENDPOINT, 5432), world.server.user, None, world.server.password)
    way = Route("127.0.0.1", world.server.port, str(world.server.ca_bundle), "app")

    def connect(name: str) -> AbstractContextManager[Query]:
        return connected(boss, replace(way, database=name or "app"))

    master.execute(FULL)
    for name in ("other", "closed"):
        with world.connect("eve_w", dbname=name) as writer:
            writer.execute("CREATE SCHEMA theirs")
            writer.execute("CREATE FUNCTION theirs.g() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'")
    master.execute("ALTER DATABASE closed ALLOW_CONNECTIONS false")
    with connect("") as query:
        found = other_databases.owned_elsewhere(connect, query, Engine.POSTGRESQL, ["alice_r", "eve_w"])
        ask = next(each.sql for each in found if not each.named)
        assert {replace(each, sql="") for each in found} == {
            OwnedObject("eve_w", "function theirs.g()", True, "other", remedy=INVOKED),
            OwnedObject("eve_w", "schema theirs", database="other"),
            OwnedObject("eve_w", "2 objects", database="closed", named=False),
        }
        with pytest.raises(DeployerError, match=r"eve_w was not dropped: .* in the database closed"):
            other_databases.give_up(connect, query, Engine.POSTGRESQL, "eve_w")
        with pytest.raises(DeployerError, match=r"2 objects in closed, function theirs.g\(\) in other") as refused:
            owned_by_leavers(connect, query, boss.database, ["eve_w"])
        assert f'  in the database other: GRANT "eve_w" TO CURRENT_USER;\n    {INVOKED};' in refused.value.hint
        master.execute("ALTER DATABASE closed ALLOW_CONNECTIONS true")
        with world.connect(dbname="closed") as closed:
            assert {row[0] for row in closed.execute(ask)} == {"schema theirs", "function theirs.g()"}
        with pytest.raises(DeployerError, match=r"of its next owner: function theirs\.g"):
            other_databases.give_up(connect, query, Engine.POSTGRESQL, "eve_w")
        for name in ("closed", "other"):
            with world.connect(dbname=name) as there:
                there.execute('GRANT "eve_w" TO CURRENT_USER')
                there.execute(INVOKED)
        assert not any(each.runs_as_owner for each in owned_by_leavers(connect, query, boss.database, ["eve_w"]))
        other_databases.give_up(connect, query, Engine.POSTGRESQL, "eve_w")
        users.drop_user(query, Engine.POSTGRESQL, "eve_w")
        assert "eve_w" not in {user.user for user in users.query_users(query, Engine.POSTGRESQL)}
    with world.connect(dbname="other") as other:
        assert other.execute(
            "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'theirs'"
        ).fetchall() == [(world.server.user,)]


def test_an_applications_role_gives_nothing_up(master: psycopg.Connection) -> None:
    master.execute("CREATE ROLE batch")
    try:
        with pytest.raises(psycopg.errors.RaiseException, match="has no access level"):
            master.execute(postgresql.give_up("batch"))
    finally:
        master.execute("ROLLBACK")
        master.execute("DROP ROLE batch")


def test_the_lines_say_what_runs_with_whose_rights_and_how_to_give_it_to_somebody() -> None:
    owned = (OwnedObject("eve_w", "function f()", runs_as_owner=True), OwnedObject("eve_w", "schema mine"))
    lines = owned_lines(ShutOut("app", ("eve_w",), owned=owned))
    assert lines[1:3] == ["  eve_w: function f()  (runs with its owner's rights)", "  eve_w: schema mine"]
    assert lines[3].endswith("drop the user: deployer db drop-user eve_w app") and "REASSIGN OWNED BY" in lines[4]
    assert lines[5] == "  What runs with its owner's rights then runs with OTHER's."
    held = (OwnedObject("eve_w", "rule f on table t", True, remedy="DROP RULE f on t"),)
    assert '    GRANT "eve_w" TO CURRENT_USER;' in owned_lines(ShutOut("app", ("eve_w",), owned=held))
    assert "    DROP RULE f on t;" in owned_lines(ShutOut("app", ("eve_w",), owned=held))
    elsewhere = (OwnedObject("eve_w", "2 objects", database="closed", sql="SELECT 1", named=False),)
    lines = owned_lines(ShutOut("app", ("eve_w",), owned=elsewhere))
    assert lines[1] == "  eve_w: 2 objects in the database closed, which does not let the master user in"
    assert lines[2].endswith("deployer db connect app --dbname closed -c 'SELECT 1'")
    stored = (OwnedObject("eve_w", "trigger app.stamped", True, sql="`app`.`stamped`"),)
    lines = owned_lines(ShutOut("app", ("eve_w",), owned=stored, engine=Engine.MYSQL))
    assert lines[-1] == "    SHOW CREATE TRIGGER `app`.`stamped`; DROP TRIGGER `app`.`stamped`;"
    assert owned_lines(ShutOut("app", ("eve_w",))) == []
