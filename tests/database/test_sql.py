"""No name becomes SQL: hostile names through every script, on a real PostgreSQL."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from generator.errors import UsageError
from generator.model.database import AccessLevel
from generator.operations.database import postgresql, sql

from .conftest import World

PIECES = (
    "'", '"', "''", '""', "\\", "\\'", "$$", "$deployer$", "$deployer1$", ";", "--", "/*", "*/", "\n", "%", "%I", ":x",
    "`",
    "E'", "U&'", " ", "é", "名", "x", "_r", "; DROP TABLE orders; --", "'); DROP TABLE orders; --", "END $deployer$;",
)  # fmt: skip
HOSTILE = st.lists(st.sampled_from(PIECES) | st.characters(exclude_characters="\0", exclude_categories=["Cs"])).map(
    "".join
)
NAMES = HOSTILE.filter(lambda name: 0 < len(name.encode()) <= sql.IDENTIFIER_BYTES)
ON_A_SERVER = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def master(world: World) -> psycopg.Connection:
    return world.connect()


def login_names(connection: psycopg.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT rolname FROM pg_roles WHERE rolcanlogin")}


@ON_A_SERVER
@given(HOSTILE)
def test_a_literal_is_its_text(master: psycopg.Connection, text: str) -> None:
    for setting in ("off", "on"):
        master.execute(f"SET standard_conforming_strings = {setting}")
        assert master.execute(f"SELECT {sql.literal(text)}").fetchone() == (text,)


@ON_A_SERVER
@given(NAMES)
def test_an_identifier_is_its_name(master: psycopg.Connection, name: str) -> None:
    found = master.execute(f"SELECT 1 AS {sql.identifier(name)}")
    assert found.description is not None
    assert [column.name for column in found.description] == [name]


@ON_A_SERVER
@given(NAMES, st.sampled_from(AccessLevel))
@example("$deployer$ $deployer1$", AccessLevel.READ)
@example("x'); DROP TABLE orders; --", AccessLevel.WRITE)
def test_any_name_is_made_twice_and_dropped_and_nothing_else_changes(
    master: psycopg.Connection, name: str, level: AccessLevel
) -> None:
    before = login_names(master)
    if name in before:
        return
    for _ in range(2):
        master.execute(postgresql.bootstrap("app", {name: level}))
        assert login_names(master) == before | {name}
    users = {row[0]: row[1:] for row in master.execute(postgresql.USERS)}
    assert users[name] == (level.role, True, 0)
    master.execute(postgresql.shut_out([name]))
    assert {row[0]: row[2] for row in master.execute(postgresql.USERS)}[name] is False
    for _ in range(2):
        master.execute(postgresql.drop_user(name))
        assert login_names(master) == before
    assert master.execute("SELECT count(*) FROM orders").fetchone() == (50,)


def test_a_database_of_any_name(master: psycopg.Connection) -> None:
    name = "we\"ird'$deployer$; --"
    master.execute(f"CREATE DATABASE {sql.identifier(name)}")
    try:
        master.execute(postgresql.bootstrap(name, {}))
        acl = master.execute("SELECT datacl::text FROM pg_database WHERE datname = %s", [name]).fetchone()
        assert acl is not None
        assert "deepsql_read=c" in acl[0]
    finally:
        master.execute(f"DROP DATABASE {sql.identifier(name)}")


@pytest.mark.parametrize("make", [lambda u: postgresql.bootstrap("app", {u: AccessLevel.READ}), postgresql.drop_user])
def test_a_role_of_someone_else_is_not_taken_over(master: psycopg.Connection, make: object) -> None:
    master.execute("CREATE ROLE app_owner LOGIN")
    try:
        with pytest.raises(psycopg.errors.RaiseException, match="has no access level"):
            master.execute(make("app_owner"))  # type: ignore[operator]
        master.rollback()
        assert "app_owner" in login_names(master)
    finally:
        master.execute("DROP ROLE app_owner")


def test_the_master_who_made_the_access_levels_is_no_user_of_them(master: psycopg.Connection) -> None:
    assert "master" not in {row[0] for row in master.execute(postgresql.USERS)}
    with pytest.raises(psycopg.errors.RaiseException, match="has no access level"):
        master.execute(postgresql.drop_user("master"))
    master.rollback()


def test_what_a_dropped_user_owned_is_kept_and_its_session_ended(world: World, master: psycopg.Connection) -> None:
    master.execute(postgresql.bootstrap("app", {"carol_w": AccessLevel.WRITE}))
    master.execute("CREATE SCHEMA hers AUTHORIZATION master; GRANT ALL ON SCHEMA hers TO carol_w")
    carol = world.connect("carol_w")
    carol.execute("CREATE TABLE hers.note AS SELECT 'kept' AS text")
    master.execute(postgresql.drop_user("carol_w"))
    assert master.execute("SELECT text FROM hers.note").fetchone() == ("kept",)
    with pytest.raises(psycopg.OperationalError):
        carol.execute("SELECT 1")
    master.execute("DROP SCHEMA hers CASCADE")


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800", "é" * 32])
def test_names_no_database_can_hold_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        sql.identifier(name)
