"""Credentials that expire in the middle of a copy or of a change to a database: what is left, and how to go on."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from generator.channel import channel, wire
from generator.operations import sandbox
from generator.operations.database import users
from generator.operations.sessions import parallel_copy
from tests.embedded import Deployer, Outcome, environment, run
from tests.field.conftest import MADE, STACK
from tests.sandbox_keys import control
from tests.sessions.host import Host, shells

EXPIRED = "ExpiredTokenException"
BYTES = os.urandom(600_000)
Expire = Callable[..., None]


@pytest.fixture
def expire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Expire]:
    """expire(StartSession=3): the credentials are too old from the third call of that operation on, for it alone."""
    asked, since, real = Counter[str](), dict[str, int](), BaseClient._make_api_call

    def call(self: Any, operation: str, params: Any) -> Any:
        asked[operation] += 1
        if asked[operation] >= since.get(operation, 10**6):
            raise ClientError({"Error": {"Code": EXPIRED, "Message": "The security token is expired"}}, operation)
        return real(self, operation, params)

    def expire(**first: int) -> None:
        asked.clear()
        since.clear()
        since.update(first)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    yield expire
    expire()


@pytest.fixture
def host(deployer: Deployer, tmp_path: Path) -> Iterator[Host]:
    """A real shell behind the instance."""
    (tmp_path / "there").mkdir()
    with shells(tmp_path / "there") as host:
        control("PUT", f"instances/{deployer.outputs['InstanceId']}", {"ports": {"shell": host.port}})
        yield host


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(parallel_copy, "LARGEST_PIECE", parallel_copy.SMALLEST_PIECE)
    (tmp_path / "source").write_bytes(BYTES)
    return tmp_path / "source"


def copy(*words: str) -> Outcome:
    return run("cp", "--via", "session", "--sessions", "1", *words)


def deaf(patch: pytest.MonkeyPatch) -> None:
    """The agent does not hear that the session is to end."""
    patch.setattr(channel.wire, "flag_payload", lambda flag: wire.Flag.CONNECT_TO_PORT_ERROR.to_bytes(4, "big"))


def end_what_is_named(outcome: Outcome) -> int:
    """Type each line that ends a session that may still be open; how many there were."""
    lines = re.findall(r"^The session (\S+) may still be open: deployer sessions end (?:.* )?\1$", outcome.err, re.M)
    for session in lines:
        assert run("sessions", "end", session).code == 0
    return len(lines)


@pytest.mark.parametrize("upward", [True, False], ids=["there", "here"])
def test_a_copy_that_ends_in_the_middle_goes_on_where_it_was(
    upward: bool, host: Host, source: Path, expire: Expire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its session is lost, and no other can be started."""
    (tmp_path / "there" / "far").write_bytes(BYTES)
    places = (str(source), ":kept") if upward else (":far", str(tmp_path / "kept"))
    kept = (tmp_path / "there" if upward else tmp_path) / "kept"
    noted, carried = parallel_copy.Journal.note, list[int]()

    def note(journal: parallel_copy.Journal, offset: int) -> None:
        noted(journal, offset)
        carried.append(offset)
        if len(carried) == 3:
            host.cut()

    expire(StartSession=2, ResumeSession=1)
    monkeypatch.setattr(parallel_copy.Journal, "note", note)
    lost = copy(*places)
    assert lost.code == 1 and EXPIRED in lost.err and "Sign in again" in lost.err, lost.err
    assert "of 600,000 bytes have arrived; the same command again goes on with the rest" in lost.err
    assert not kept.exists()
    expire()
    before = set(carried)
    carried[:] = [0] * 10
    again = copy(*places)
    assert again.code == 0 and kept.read_bytes() == BYTES, again.err
    assert not before & set(carried[10:]), "a piece was carried twice"


def test_a_copy_that_is_complete_is_done_and_its_agent_ends_the_session(
    host: Host, source: Path, expire: Expire, tmp_path: Path
) -> None:
    expire(TerminateSession=1)
    done = copy(str(source), ":kept")
    assert done.code == 0 and (tmp_path / "there" / "kept").read_bytes() == BYTES, done.err
    assert "may still be open" not in done.err
    expire()
    assert run("sessions", "list", "--output", "json").result == []


def test_a_session_of_a_copy_whose_end_nobody_confirms_is_named(
    host: Host, source: Path, expire: Expire, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf(monkeypatch)
    expire(TerminateSession=1)
    done = copy(str(source), ":kept")
    expire()
    assert done.code == 0 and end_what_is_named(done) == 1, done.err


# A database


@pytest.fixture(scope="module")
def database(sandbox_with_stack: dict[str, str]) -> Iterator[str]:
    """The name of a PostgreSQL in the sandbox, with RDS's own secret for its master user: one for these tests."""
    with environment({**sandbox_with_stack, "DEPLOYER_STACK_NAME": STACK}):
        control("POST", MADE)
        yield str(sandbox.database("app")["name"])


@pytest.fixture
def bootstrap(database: str) -> Callable[[], Outcome]:
    """Makes a user in it."""
    return lambda: run("db", "bootstrap", database, "--dbname", "app", "--for", "ada=r", "--local-port", "0", "--yes")


@pytest.mark.parametrize("operation", ["GetSecretValue", "StartSession"])
def test_a_bootstrap_that_could_not_begin_has_changed_nothing_and_is_typed_again(
    operation: str, bootstrap: Callable[[], Outcome], expire: Expire
) -> None:
    expire(**{operation: 1})
    lost = bootstrap()
    assert lost.code == 1 and EXPIRED in lost.err and "Sign in again" in lost.err, lost.err
    expire()
    assert bootstrap().code == 0


def test_a_bootstrap_whose_session_stays_open_is_done_and_names_it(
    bootstrap: Callable[[], Outcome], expire: Expire, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf(monkeypatch)
    expire(TerminateSession=1)
    done = bootstrap()
    expire()
    assert done.code == 0 and end_what_is_named(done) == 1, done.err


def test_a_bootstrap_that_broke_off_within_is_typed_again(
    bootstrap: Callable[[], Outcome], expire: Expire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tunnel is lost after the first statements, and cannot be taken up again."""
    real = users.query_users

    def lost(*given: Any) -> Any:
        for session in run("sessions", "list", "--output", "json").result:
            assert run("sessions", "end", session["session_id"]).code == 0
        return real(*given)

    expire(ResumeSession=1, StartSession=2)
    with monkeypatch.context() as patch:
        patch.setattr(users, "query_users", lost)
        broken = bootstrap()
    assert broken.code == 1 and "error: The connection to app was lost before it answered: " in broken.err, broken.err
    assert "next: Run the same command again" in broken.err and "has signed the certificate" not in broken.err
    expire()
    assert bootstrap().code == 0


TO_APP = ("--dbname", "app", "--local-port", "0", "--yes")
CHANGES = (("shut-out", "app", "--only", "ada_r"), ("drop-user", "ada_r", "app"))


@pytest.mark.parametrize("words", CHANGES, ids=lambda words: words[0])
@pytest.mark.parametrize("operation", ["GetSecretValue", "StartSession"])
def test_a_user_whose_end_could_not_begin_is_ended_by_the_same_command(
    operation: str, words: tuple[str, ...], bootstrap: Callable[[], Outcome], expire: Expire
) -> None:
    assert bootstrap().code == 0
    verb = ("db", *words, *TO_APP)
    expire(**{operation: 1})
    lost = run(*verb)
    assert lost.code == 1 and EXPIRED in lost.err and "Sign in again" in lost.err, lost.err
    assert "It is not known" not in lost.err
    expire()
    done = run(*verb)
    assert done.code == 0 and "ada_r" in done.out + done.err, done.err


@pytest.mark.parametrize("words", CHANGES, ids=lambda words: words[0])
def test_a_user_is_ended_and_the_session_that_stays_open_is_named(
    words: tuple[str, ...], bootstrap: Callable[[], Outcome], expire: Expire, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bootstrap().code == 0
    deaf(monkeypatch)
    expire(TerminateSession=1)
    done = run("db", *words, *TO_APP)
    expire()
    assert done.code == 0 and end_what_is_named(done) == 1, done.err
