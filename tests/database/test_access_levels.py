"""Names of database users, and what each access level may do, by real statements on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import UsageError
from generator.model.database import AccessLevel, Engine
from generator.operations.database.user_names import identity_of, level_of, user_name

from .conftest import USERS, World

PEOPLE = st.from_regex(r"[A-Za-z0-9_+=,.@-]{1,64}", fullmatch=True)
Connect = Callable[[str], psycopg.Connection]


@pytest.mark.parametrize(
    ("arn", "identity"),
    [
        ("arn:aws:iam::111122223333:user/team/alice", "alice"),
        ("arn:aws:sts::111122223333:assumed-role/Support/bob@example.com", "bob@example.com"),
        ("arn:aws-us-gov:sts::111122223333:federated-user/carol", "carol"),
        ("arn:aws:iam::111122223333:root", "root"),
    ],
)
def test_the_identity_is_the_callers_own_name(arn: str, identity: str) -> None:
    assert identity_of(arn) == identity


@pytest.mark.parametrize("arn", ["", "arn:aws:iam::111122223333:user/"])
def test_no_name_no_user(arn: str) -> None:
    with pytest.raises(UsageError):
        identity_of(arn)


@given(PEOPLE, PEOPLE, st.sampled_from(AccessLevel), st.sampled_from(Engine))
def test_names_fit_the_engine_tell_the_access_level_and_keep_people_apart(
    one: str, other: str, level: AccessLevel, engine: Engine
) -> None:
    user = user_name(one, level, engine)
    assert len(user.encode()) <= engine.name_limit
    assert level_of(user) is level
    assert (user == user_name(other, level, engine)) == (one == other)


def rows(connection: psycopg.Connection, statement: str) -> list[tuple[object, ...]]:
    return connection.execute(statement).fetchall()


def test_r_reads_and_does_not_write(as_user: Connect) -> None:
    reader = as_user("alice_r")
    assert rows(reader, "SELECT count(*) FROM orders") == [(50,)]
    for statement in ("INSERT INTO orders (item) VALUES ('x')", "UPDATE orders SET item = ''", "DELETE FROM orders"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(statement)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("SELECT pg_kill_connection(1)")


def test_w_reads_and_writes_new_tables_too(as_user: Connect, world: World) -> None:
    with world.connect() as master:
        master.execute("CREATE SCHEMA fresh CREATE TABLE later (id serial, item text)")
    writer = as_user("alice_w")
    assert rows(writer, "INSERT INTO fresh.later (item) VALUES ('x') RETURNING item") == [("x",)]
    assert rows(writer, "UPDATE fresh.later SET item = 'y' RETURNING item") == [("y",)]
    assert rows(writer, "DELETE FROM fresh.later RETURNING item") == [("y",)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        writer.execute("DROP TABLE orders")


def test_o_sees_sessions_and_no_data(as_user: Connect) -> None:
    reader, operator = as_user("alice_r"), as_user("alice_o")
    reader.execute("SELECT 'seen by the operator'")
    pid = reader.info.backend_pid
    assert rows(operator, f"SELECT query FROM pg_stat_activity WHERE pid = {pid}") == [
        ("SELECT 'seen by the operator'",)
    ]
    for statement in ("SELECT * FROM orders", "DELETE FROM orders", "COPY orders TO STDOUT"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            operator.execute(statement)
    assert rows(operator, "SELECT most_common_vals FROM pg_stats WHERE tablename = 'orders'") == []


def test_o_ends_a_session_by_the_modern_way_and_by_the_expected_one(as_user: Connect) -> None:
    operator = as_user("bob_o")
    for call in ("pg_terminate_backend", "pg_kill_connection"):
        victim = as_user("alice_r")
        assert rows(operator, f"SELECT {call}({victim.info.backend_pid})") == [(True,)]
        with pytest.raises(psycopg.OperationalError):
            victim.execute("SELECT 1")


def test_pg_kill_connection_spares_itself_and_the_servers_own_processes(as_user: Connect) -> None:
    operator = as_user("alice_o")
    [(writer,)] = rows(operator, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'background writer'")
    for pid in (operator.info.backend_pid, writer, 0):
        with pytest.raises(psycopg.errors.RaiseException):
            operator.execute(f"SELECT pg_kill_connection({pid})")


def test_pg_kill_connection_lends_no_power(as_user: Connect, world: World) -> None:
    with world.connect() as master:
        master.execute("GRANT EXECUTE ON FUNCTION public.pg_kill_connection(integer) TO alice_r")
        reader, victim = as_user("alice_r"), as_user("alice_w")
        try:
            with pytest.raises(psycopg.errors.Error) as refused:
                reader.execute(f"SELECT pg_kill_connection({victim.info.backend_pid})")
            assert refused.value.sqlstate in ("42501", "P0001")  # not signalled, or not even seen
            assert rows(victim, "SELECT 1") == [(1,)]
        finally:
            master.execute("REVOKE EXECUTE ON FUNCTION public.pg_kill_connection(integer) FROM alice_r")


def test_only_the_four_users_can_sign_in_and_none_has_a_password(world: World) -> None:
    with world.connect() as master:
        made = rows(master, "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname LIKE '%\\__' ORDER BY 1")
        assert [name for (name,) in made] == sorted(USERS)
