"""What each access level may do on a real MySQL, by real statements, and what the master user may, as on RDS."""

from __future__ import annotations

from collections.abc import Callable

import pymysql
import pytest

from generator.errors import DeployerError
from generator.host.drivers import Query, SqlRefused
from generator.model.database import AccessLevel, Engine
from generator.operations.database import mysql, users
from generator.operations.database.connection import connected

from .conftest import USERS, World, login, token

Connect = Callable[..., Query]


def refused(query: Query, statement: str) -> str:
    with pytest.raises(SqlRefused) as no:
        query(statement)
    return str(no.value)


def test_r_reads_and_does_not_write(as_user: Connect) -> None:
    reader = as_user("alice_r")
    assert reader("SELECT count(*) FROM orders") == [(3,)]
    for statement in ("INSERT INTO orders (item) VALUES ('x')", "UPDATE orders SET item = ''", "DELETE FROM orders"):
        assert "command denied" in refused(reader, statement)
    assert "execute command denied" in refused(reader, "CALL mysql.rds_kill(1)")


def test_w_reads_and_writes_new_tables_too_and_changes_none(as_user: Connect) -> None:
    as_user()("CREATE TABLE app.later (id int AUTO_INCREMENT PRIMARY KEY, item text)")
    writer = as_user("alice_w")
    writer("INSERT INTO later (item) VALUES ('x'); UPDATE later SET item = 'y'")
    assert writer("SELECT item FROM later") == [("y",)]
    writer("DELETE FROM later")
    for statement in ("DROP TABLE later", "ALTER TABLE later ADD x int", "CREATE TABLE mine (id int)"):
        assert "command denied" in refused(writer, statement)


def test_o_sees_sessions_and_no_data(as_user: Connect) -> None:
    reader, operator = as_user("alice_r"), as_user("alice_o")
    [(session,)] = reader("SELECT connection_id()")
    seen = operator("SELECT ID, USER FROM information_schema.PROCESSLIST")
    assert (session, "alice_r") in seen
    operator(
        "SELECT * FROM sys.innodb_lock_waits; SELECT * FROM sys.session; SELECT * FROM sys.schema_table_lock_waits"
    )
    for statement in (
        "SELECT * FROM orders",
        "DELETE FROM orders",
        "SELECT authentication_string FROM mysql.user",
        "TABLE mysql.user",
    ):
        assert "denied" in refused(operator, statement)


@pytest.mark.parametrize("call", ["rds_kill", "rds_kill_query"])
def test_o_ends_a_session_or_its_statement_by_rdss_procedures_alone(as_user: Connect, call: str) -> None:
    victim, operator = as_user("alice_r"), as_user("bob_o")
    [(session,)] = victim("SELECT connection_id()")
    assert "not owner" in refused(operator, f"KILL {session}")
    operator(f"CALL mysql.{call}({session})")
    if call == "rds_kill":
        refused(victim, "SELECT 1")
    else:
        assert victim("SELECT 1") == [(1,)]
    assert mysql.GONE in refused(operator, "CALL mysql.rds_kill(4294967295)")


@pytest.mark.parametrize("user", ["alice_r", "alice_w", "alice_o"])
def test_no_access_level_may_hand_on_what_it_has_or_make_users(as_user: Connect, user: str) -> None:
    for statement in ("CREATE USER x", "GRANT SELECT ON app.* TO bob_o", "SET GLOBAL local_infile = ON"):
        assert "denied" in refused(as_user(user), statement)


def test_a_token_opens_nothing_without_tls_and_the_server_itself_says_so(world: World) -> None:
    before = list(world.server.refusals)
    with pytest.raises(pymysql.OperationalError, match="Access denied for user 'alice_r'"):
        pymysql.connect(host="127.0.0.1", port=world.server.port, user="alice_r", password=token(), ssl_disabled=True)
    assert world.server.refusals == before  # nobody was asked about the token


def test_the_master_user_is_as_rds_makes_it(as_user: Connect) -> None:
    master = as_user()
    assert master("SELECT current_role()") == [("`rds_superuser_role`@`%`",)]
    for statement in ("SET GLOBAL max_connections = 5", "SHUTDOWN", "SELECT 1 INTO OUTFILE '/tmp/x'"):
        assert "denied" in refused(master, statement)
    [(other,)] = as_user()("SELECT connection_id()")
    master(f"CALL mysql.rds_kill({other})")


def test_a_bootstrap_done_again_changes_nothing(as_user: Connect) -> None:
    master = as_user()

    def grants() -> list[object]:
        return [row for user in USERS for row in master(f"SHOW GRANTS FOR {user}; SHOW CREATE USER {user}")]

    before = grants()
    master(mysql.bootstrap("app", USERS))
    assert grants() == before


def test_the_users_of_the_access_levels_are_listed_to_an_operator_and_nobody_else_is(as_user: Connect) -> None:
    as_user()("CREATE USER app_r IDENTIFIED BY 'a password'; CREATE USER tokens IDENTIFIED WITH "
              "AWSAuthenticationPlugin AS 'RDS'")  # fmt: skip
    held = as_user("alice_r")
    found = {user.user: user for user in users.query_users(as_user("alice_o"), Engine.MYSQL)}
    as_user()("DROP USER app_r, tokens")
    assert set(USERS) <= set(found) and not {"app_r", "tokens", "master"} & set(found)
    assert (found["alice_r"].role, found["alice_r"].tokens, found["alice_r"].sessions) == ("deepsql_read", True, 1)
    assert held("SELECT 1") == [(1,)]


@pytest.mark.parametrize("make", [lambda u: mysql.bootstrap("app", {u: AccessLevel.READ}), mysql.drop_user])
@pytest.mark.parametrize("name", ["app_r", "it's; -- _w"])
def test_an_account_of_someone_else_is_not_taken_over(as_user: Connect, make: Callable[[str], str], name: str) -> None:
    master = as_user()
    master(f"CREATE USER `{name}` IDENTIFIED BY 'a password'")
    try:
        assert f"the user {name} exists and has no access level" in refused(master, make(name))
        assert "REQUIRE NONE" in str(master(f"SHOW CREATE USER `{name}`"))
    finally:
        master(f"DROP USER `{name}`")


def test_one_who_takes_tokens_and_has_no_access_level_is_not_dropped(as_user: Connect) -> None:
    master = as_user()
    master("CREATE USER batch IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'")
    assert "has no access level" in refused(master, mysql.drop_user("batch"))
    master("DROP USER batch")


def test_whoever_is_shut_out_is_out_and_a_bootstrap_lets_in_again(world: World, as_user: Connect) -> None:
    master = as_user()
    master(mysql.bootstrap("app", {"eve_w": AccessLevel.WRITE}))
    live = as_user("eve_w")
    users.shut_out_users(master, Engine.MYSQL, ["eve_w"])
    [eve] = [user for user in users.query_users(master, Engine.MYSQL) if user.user == "eve_w"]
    assert (eve.tokens, eve.sessions) == (False, 0)
    refused(live, "SELECT 1")
    with pytest.raises(DeployerError), connected(login("eve_w"), world.route()):
        pass
    master(mysql.bootstrap("app", {"eve_w": AccessLevel.WRITE}))
    assert as_user("eve_w")("SELECT count(*) FROM orders") == [(3,)]
    users.drop_user(master, Engine.MYSQL, "eve_w")


def test_a_user_that_is_dropped_is_out_at_once(as_user: Connect) -> None:
    master = as_user()
    master(mysql.bootstrap("app", {"carol_w": AccessLevel.WRITE}))
    live = as_user("carol_w")
    for _ in range(2):
        users.drop_user(master, Engine.MYSQL, "carol_w")
    refused(live, "SELECT 1")
    assert "carol_w" not in {user.user for user in users.query_users(master, Engine.MYSQL)}
