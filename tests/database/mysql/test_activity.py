"""Who blocks whom in MySQL, on real locks of rows and of tables; and ending a session."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from generator.cli.main import main
from generator.host.drivers import Query, SqlRefused
from generator.model.database import BlockedSession, DatabaseSession, Engine
from generator.operations.database.activity import find_session, trees
from generator.operations.database.activity_queries import end_session, read_activity
from generator.operations.database.connection import connected
from tests.database.conftest import ENDPOINT

from .conftest import World, login

Connect = Callable[..., Query]
REACH = ["--endpoint", ENDPOINT, "--port", "3306", "--dbname", "app", "--local-port", "0", "--user", "alice_o"]


def shape(node: BlockedSession) -> tuple[int, tuple[object, ...]]:
    return node.session.pid, tuple(shape(below) for below in node.waiting)


@contextmanager
def blocked(world: World, *steps: tuple[str, str, str]) -> Iterator[tuple[int, ...]]:
    """Sessions that wait for one another; each step is a user, what it does first, and what it then waits with."""
    with ExitStack() as stack:
        queries = [stack.enter_context(world.open(user)) for user, _, _ in steps]
        ids = tuple(int(query("SELECT connection_id()")[0][0]) for query in queries)
        waits: list[threading.Thread] = []

        def in_background(query: Query, statement: str) -> None:
            def run() -> None:
                with suppress(SqlRefused):
                    query(statement)
                    query("ROLLBACK")

            waits.append(threading.Thread(target=run))
            waits[-1].start()

        for query, (_, first, _) in zip(queries, steps, strict=True):
            query(first)
        watcher = stack.enter_context(world.open("bob_o"))
        for query, session, (_, _, then) in zip(queries, ids, steps, strict=True):
            if then:
                in_background(query, then)
                _until_blocked(watcher, session)
        try:
            yield ids
        finally:
            with suppress(SqlRefused):  # one test ends its session
                queries[0]("ROLLBACK")
            for wait in waits:
                wait.join(10)


def _until_blocked(watcher: Query, session: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if any(s.pid == session and s.blocked_by for s in read_activity(watcher, Engine.MYSQL)):
            return
        time.sleep(0.02)
    raise AssertionError(f"{session} does not wait: {read_activity(watcher, Engine.MYSQL)}")


ROWS = (
    ("alice_w", "START TRANSACTION; UPDATE orders SET item = 'mine' WHERE id = 1", ""),
    (
        "alice_w",
        "START TRANSACTION; UPDATE orders SET item = 'm' WHERE id = 2",
        "UPDATE orders SET item = 'x' WHERE id = 1",
    ),
    ("alice_w", "SELECT 1", "UPDATE orders SET item = 'wanted too' WHERE id = 2"),
)
TABLES = (
    ("alice_w", "START TRANSACTION; SELECT * FROM orders", ""),
    ("", "SELECT 1", "ALTER TABLE app.orders ADD COLUMN later int"),
    ("alice_r", "SELECT 1", "SELECT * FROM orders"),
)


def seen(world: World, pid: int) -> tuple[DatabaseSession, list[BlockedSession]]:
    with world.open("alice_o") as operator:
        sessions = read_activity(operator, Engine.MYSQL)
    return find_session(sessions, pid), trees(sessions)


def test_locks_of_rows_show_as_a_tree_to_an_operator(world: World) -> None:
    with blocked(world, *ROWS) as (first, second, third):
        waiting, found = seen(world, second)
        assert [shape(node) for node in found] == [(first, ((second, ((third, ()),)),))]
        assert (waiting.user, waiting.state, waiting.wait, waiting.database) == ("alice_w", "active", "row lock", "app")
        assert "WHERE id = 1" in waiting.query
        assert seen(world, first)[0].state == "idle in transaction"


def test_a_table_that_is_altered_shows_what_it_waits_for_and_who_waits_behind_it(world: World) -> None:
    with blocked(world, *TABLES) as (reader, altering, behind):
        waiting, found = seen(world, altering)
        assert [shape(node) for node in found] == [(reader, ((altering, ((behind, ()),)),))]
        assert waiting.wait == "Waiting for table metadata lock"
        with world.open("alice_o") as operator:
            end_session(operator, Engine.MYSQL, altering)


def test_activity_and_kill_from_the_command_line(at_home: World, capsys: pytest.CaptureFixture[str]) -> None:
    with blocked(at_home, *ROWS) as (first, second, third):
        assert main(["db", "activity", *REACH]) == 0
        tree = capsys.readouterr().out.split("Who blocks whom:\n")[1].splitlines()
        assert [line.split()[0 if line[0].isdigit() else 1] for line in tree] == [str(first), str(second), str(third)]
        assert main(["db", "kill", str(first), *REACH, "--yes"]) == 0
        assert "was ended" in capsys.readouterr().out
        assert main(["db", "kill", str(first), *REACH, "--yes"]) == 4


def test_a_session_that_has_ended_by_itself_is_no_failure(world: World) -> None:
    with connected(login("alice_o"), world.route()) as query:
        assert end_session(query, Engine.MYSQL, 4_294_967_295) is False


def test_a_reader_may_end_nobody_elses_session(at_home: World) -> None:
    with at_home.open("alice_w") as victim:
        [(session,)] = victim("SELECT connection_id()")
        assert main(["db", "kill", str(session), *REACH[:-1], "alice_r", "--yes"]) in (1, 4)  # refused, or not seen
        assert victim("SELECT 1") == [(1,)]
