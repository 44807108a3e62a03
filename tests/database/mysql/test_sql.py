"""No name becomes SQL: hostile names through every script, on a real MySQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from generator.errors import UsageError
from generator.host.drivers import Query, SqlRefused
from generator.model.database import AccessLevel, Engine
from generator.operations.database import mysql, sql, users

from .conftest import World

PIECES = (
    "'", '"', "''", "\\", "\\'", "`", "``", "`@`%`", ";", "--", "-- ", "#", "/*", "*/", "/*!", "\n", "%", "_", ":x",
    "$$", " ", "é", "名", "x", "_r", "; DROP TABLE orders; -- ", "`; DROP TABLE orders; -- ", "AS 'RDS'",
)  # fmt: skip
HOSTILE = st.lists(st.sampled_from(PIECES) | st.characters(exclude_characters="\0", exclude_categories=["Cs"])).map(
    "".join
)
NAMES = HOSTILE.filter(
    lambda n: 0 < len(n) <= Engine.MYSQL.name_limit - 2 and n == n.strip() and all(ord(c) <= 0xFFFF for c in n)
)
MODES = ("", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES")
ON_A_SERVER = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def master(world: World) -> Iterator[Query]:
    with world.open() as query:
        yield query


def accounts(query: Query) -> set[tuple[str, str]]:
    return {(str(user), str(host)) for user, host in query("SELECT User, Host FROM mysql.user")}


@ON_A_SERVER
@given(HOSTILE)
@example("\\'; DROP TABLE orders; -- ")
def test_a_literal_is_its_text_and_an_identifier_its_name_in_every_mode(master: Query, text: str) -> None:
    fits = 0 < len(text) <= sql.MYSQL_IDENTIFIER_LENGTH and text == text.strip() and max(map(ord, text)) <= 0xFFFF
    for mode in MODES:
        assert master(f"SET sql_mode = '{mode}'; SELECT {sql.mysql_literal(text)}") == [(text,)]
        if fits:
            table = sql.mysql_identifier(text)
            assert master(f"WITH {table} AS (SELECT 7 AS x) SELECT {table}.x FROM {table}") == [(7,)]


@ON_A_SERVER
@given(NAMES, st.sampled_from(AccessLevel), st.sampled_from(MODES))
@example("`; DROP TABLE orders; -- ", AccessLevel.READ, "")
@example("x'); DROP TABLE orders; --", AccessLevel.WRITE, "NO_BACKSLASH_ESCAPES")
@example("\\", AccessLevel.OPERATE, "NO_BACKSLASH_ESCAPES")
def test_any_name_is_made_twice_shut_out_and_dropped_and_nothing_else_changes(
    master: Query, name: str, level: AccessLevel, mode: str
) -> None:
    master(f"SET sql_mode = '{mode}'")
    before, user = accounts(master), f"{name}_{level}"
    assume((user, "%") not in before)
    for _ in range(2):
        master(mysql.bootstrap("app", {user: level}))
        assert accounts(master) == before | {(user, "%")}
    assert {(u.role, u.tokens) for u in users.query_users(master, Engine.MYSQL) if u.user == user} == {
        (level.role, True)
    }
    users.shut_out_users(master, Engine.MYSQL, [user])
    assert not next(u for u in users.query_users(master, Engine.MYSQL) if u.user == user).tokens
    for _ in range(2):
        users.drop_user(master, Engine.MYSQL, user)
        assert accounts(master) == before
    assert master("SELECT count(*) FROM app.orders") == [(3,)]


@pytest.mark.parametrize("name", ["a_b", "a%b", "we`ird\\'; --", "a\\_b"])
def test_the_grants_are_for_the_one_database(world: World, master: Query, name: str) -> None:
    other = "aXb" if name != "we`ird\\'; --" else "we`irdX"
    made = [sql.mysql_identifier(each) for each in (name, other)]
    master(
        "SET sql_mode = ''; " + "; ".join(f"CREATE DATABASE {each}; CREATE TABLE {each}.t (id int)" for each in made)
    )
    try:
        master(mysql.bootstrap(name, {"dora_r": AccessLevel.READ}))
        with world.open("dora_r", database="") as dora:
            assert dora(f"SELECT * FROM {made[0]}.t") == []
            with pytest.raises(SqlRefused, match="command denied"):
                dora(f"SELECT * FROM {made[1]}.t")
    finally:
        users.drop_user(master, Engine.MYSQL, "dora_r")
        master("; ".join(f"DROP DATABASE {each}" for each in made))


@pytest.mark.parametrize("name", [" x", "x\n", "\tx", "\n", "x" * 33])
def test_users_whose_name_mysql_would_change_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        sql.mysql_account(name)


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800", "x" * 65, "ends in a space ", "𝄞"])
def test_names_mysql_cannot_hold_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        sql.mysql_identifier(name)
