"""Who blocks whom, on real locks; and ending a session."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import psycopg
import pytest

from generator.cli import db_text
from generator.cli.db_text import shortened
from generator.cli.main import main
from generator.errors import NotFound
from generator.model.database import Activity, BlockedSession, DatabaseSession, Engine
from generator.operations.database.activity import find_session, trees
from generator.operations.database.activity_queries import read_activity

from .conftest import ENDPOINT, World

REACH = ["--endpoint", ENDPOINT, "--dbname", "app", "--local-port", "0", "--user", "alice_o"]


def session(pid: int, *blocked_by: int) -> DatabaseSession:
    return DatabaseSession(
        pid, f"u{pid}", "", "", "active", "Lock" if blocked_by else "", 5.0, f"select {pid}", blocked_by
    )


def shape(node: BlockedSession) -> tuple[int, tuple[object, ...]]:
    return node.session.pid, tuple(shape(below) for below in node.waiting)


@pytest.mark.parametrize(
    ("sessions", "expected"),
    [
        ([session(1), session(2)], []),
        ([session(1), session(2, 1), session(3, 2), session(4, 1)], [(1, ((2, ((3, ()),)), (4, ())))]),
        ([session(3, 1, 2), session(1), session(2)], [(1, ((3, ()),)), (2, ((3, ()),))]),
        ([session(2, 9)], [(9, ((2, ()),))]),  # the blocker may not be seen
        ([session(1, 2), session(2, 1)], [(1, ((2, ()),))]),  # a ring
    ],
)
def test_waits_make_trees(sessions: list[DatabaseSession], expected: list[object]) -> None:
    assert [shape(node) for node in trees(sessions)] == expected


def test_a_tree_reads_from_the_top() -> None:
    blocking = trees([session(1), session(2, 1), session(3, 2), session(4, 1)])
    lines = db_text.activity_lines(Activity((), tuple(blocking)), idle=False)
    assert lines[-4:] == [
        "1 u1 active 5s  select 1",
        "|- 2 u2 active 5s  select 2",
        "|  `- 3 u3 active 5s  select 3",
        "`- 4 u4 active 5s  select 4",
    ]


def test_a_long_query_is_shortened_to_one_line() -> None:
    assert shortened("SELECT\n   1", 40) == "SELECT 1"
    assert shortened("x" * 100, 10) == "x" * 7 + "..."


def test_an_unknown_pid_is_named() -> None:
    with pytest.raises(NotFound, match="999"):
        find_session([session(1)], 999)


@contextmanager
def blocked(world: World) -> Iterator[tuple[int, int, int]]:
    """A writer that holds a row, one that waits for it, and one that waits for the second's lock on a table."""
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(world.connect("alice_w", autocommit=False)) for _ in range(3))
        waits: list[threading.Thread] = []

        def in_background(connection: psycopg.Connection, statement: str) -> None:
            def run() -> None:
                with suppress(psycopg.Error):
                    connection.execute(statement)
                    connection.rollback()

            waits.append(threading.Thread(target=run))
            waits[-1].start()

        first.execute("UPDATE orders SET item = 'mine' WHERE id = 1")
        second.execute("UPDATE orders SET item = 'mine' WHERE id = 2")
        in_background(second, "UPDATE orders SET item = 'wanted' WHERE id = 1")
        in_background(third, "UPDATE orders SET item = 'wanted too' WHERE id = 2")
        pids = tuple(connection.info.backend_pid for connection in (first, second, third))
        try:
            _until_blocked(world, pids[1:])
            yield pids  # type: ignore[misc]
        finally:
            with suppress(psycopg.OperationalError):  # one test ends its session
                first.rollback()
            for wait in waits:
                wait.join(10)


def _until_blocked(world: World, pids: tuple[int, ...]) -> None:
    with world.connect("alice_o") as operator:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            counted = operator.execute(
                "SELECT count(*) FROM unnest(%s::int[]) AS p WHERE cardinality(pg_blocking_pids(p)) > 0", [list(pids)]
            ).fetchone()
            if counted == (len(pids),):
                return
            time.sleep(0.02)
    raise AssertionError("the locks were not waited for")


def rows(connection: psycopg.Connection) -> Callable[[str], list[tuple[object, ...]]]:
    return lambda statement: connection.execute(statement).fetchall()


def test_real_locks_show_as_a_tree_to_an_operator(world: World) -> None:
    with blocked(world) as (first, second, third), world.connect("alice_o") as operator:
        sessions = read_activity(rows(operator), Engine.POSTGRESQL)
        assert [shape(node) for node in trees(sessions)] == [(first, ((second, ((third, ()),)),))]
        seen = find_session(sessions, second)
        assert (seen.user, seen.state, seen.wait.split(":")[0]) == ("alice_w", "active", "Lock")
        assert "wanted" in seen.query
        assert find_session(sessions, first).state == "idle in transaction"
        assert operator.info.backend_pid not in {s.pid for s in sessions}


def test_activity_and_kill_from_the_command_line(at_home: World, capsys: pytest.CaptureFixture[str]) -> None:
    with blocked(at_home) as (first, second, third):
        assert main(["db", "activity", *REACH]) == 0
        tree = capsys.readouterr().out.split("Who blocks whom:\n")[1].splitlines()
        assert [line.split()[0 if line[0].isdigit() else 1] for line in tree] == [str(first), str(second), str(third)]
        assert main(["db", "kill", str(first), *REACH]) == 2  # nobody can be asked here, and STS is out of reach
        question = capsys.readouterr().err.splitlines()[-2]
        assert f"End the session {first} of alice_w in the database " in question
        assert question.endswith(" in an account that AWS did not name, us-east-1?")
        assert main(["db", "kill", str(first), *REACH, "--yes"]) == 0
        assert "was ended" in capsys.readouterr().out
        assert main(["db", "kill", str(first), *REACH, "--yes"]) == 4


def test_a_reader_may_end_nobody_elses_session(at_home: World, capsys: pytest.CaptureFixture[str]) -> None:
    with at_home.connect("alice_w") as victim:
        asked = [*REACH[:-1], "alice_r", "--yes"]
        assert main(["db", "kill", str(victim.info.backend_pid), *asked]) == 4
        assert "Access level r sees only its own sessions" in capsys.readouterr().err
        assert main(["db", "activity", *asked]) == 0
        shown, told = capsys.readouterr()
        assert (shown, "use --permission o" in told) == ("None of your own sessions is running.\n", True)
        assert victim.execute("SELECT 1").fetchone() == (1,)


def test_ctrl_c_ends_watching_as_it_ends_everything(at_home: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("generator.operations.database.activity.time.sleep", pressed)
    assert main(["db", "activity", *REACH, "--watch", "7"]) == 130
