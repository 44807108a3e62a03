"""`access revoke --all` on a stack that knows a database: who has a connection open is out of it, and stays out."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import botocore.session
import psycopg
import pytest

from generator.model.database import DEFAULT_LOCAL_PORT, AccessLevel, Database, DatabaseUser, Engine, Login, Route
from generator.operations import sandbox
from generator.operations.database import postgresql, users
from generator.operations.database.connection import connected
from generator.operations.database.revoke import supports_among
from generator.operations.database.user_names import user_name
from tests.embedded import Deployer, environment, running_sandbox
from tests.sandbox_keys import root

from .conftest import ENDPOINT, World
from .test_sandbox import LOCAL, Become, Client, allow, as_root, client_program, someone  # noqa: F401 - fixtures

CLUSTER = "app"
POSTGRESQL = Database("app", Engine.POSTGRESQL, ENDPOINT, 5432)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A sandbox of these tests' own that does not wait between its steps."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as leads, environment(leads):
        yield lambda service: botocore.session.Session().create_client(service, "us-east-1", **root())


@pytest.fixture(scope="module")
def bundle(aws: Client) -> str:
    """A database, and a stack told of its endpoint."""
    bundle = str(sandbox.database(CLUSTER)["caBundle"])
    [cluster] = aws("rds").describe_db_clusters(DBClusterIdentifier=CLUSTER)["DBClusters"]
    Deployer("deepsql-selfhost").create(
        "--database-endpoint", cluster["Endpoint"], "--database-port", str(cluster["Port"])
    )
    return bundle


@pytest.fixture
def deployer() -> Deployer:
    return Deployer("deepsql-selfhost", "--output", "json")


def opened(deployer: Deployer, user: str) -> subprocess.Popen[str]:
    """A session of that user, by the token of the person we are, in the middle of a statement."""
    words = ["db", "connect", *LOCAL, "--user", user, "-c", "SELECT pg_sleep(120)", "--output", "json"]
    held = subprocess.Popen([sys.executable, "-m", "generator", *words], stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    with pytest.MonkeyPatch.context() as patch, as_root(patch):
        while not any(u["user"] == user and u["sessions"] for u in deployer("db", "users", *LOCAL).result):
            assert held.poll() is None and time.monotonic() < deadline, "the session did not open"
            time.sleep(0.2)
    return held


@contextmanager
def local_port_in_use() -> Iterator[None]:
    """Somebody has a tunnel open on the port that is the default, as is usual when access is revoked."""
    with socket.socket() as taken:
        with suppress(OSError):  # somebody has it already
            taken.bind(("127.0.0.1", DEFAULT_LOCAL_PORT))
            taken.listen()
        yield


def test_where_support_has_no_user_nobody_loses_anything(
    deployer: Deployer,
    someone: Become,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    identity = someone(allow("rds-db:connect"))
    with as_root(monkeypatch):
        assert deployer("db", "bootstrap", *LOCAL, "--for", f"{identity}=r", "--yes").code == 0
        with local_port_in_use():
            ran = deployer("access", "revoke", "--all", "--yes")
    assert ran.code == 0, ran.out + ran.err
    [row] = [item for item in ran.result["evidence"] if item["step"] == "database"]
    assert row["proven"] is True and "it has no user of support's" in row["answered"]
    assert f"{identity}_r" in row["answered"]
    assert deployer("db", "connect", *LOCAL, "-c", "SELECT 1").code == 0


def test_a_revocation_ends_the_backend_and_takes_the_tokens_right_away_and_its_report_says_so(
    deployer: Deployer,
    someone: Become,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    identity, user = someone(allow("rds-db:connect")), "deepsql-support_r"
    with as_root(monkeypatch):
        people = ("--for", f"{identity}=r", "--for", "root=o")
        made = deployer("db", "bootstrap", *LOCAL, "--support", "--permission", "r", *people, "--yes")
        assert made.code == 0, made.out
    session = opened(deployer, user)
    with as_root(monkeypatch):
        ran = deployer("access", "revoke", "--all", "--report", str(tmp_path / "report"), "--yes")
    assert ran.code == 0, ran.out + ran.err
    said, _ = session.communicate(timeout=20)
    assert session.returncode != 0 and not json.loads(said)["ok"]
    written = json.loads((tmp_path / "report.json").read_text())
    [row] = [item for item in written["evidence"] if item["step"] == "database"]
    assert row["proven"] is True and user in row["answered"]
    assert "1 session ended; your own people keep access" in row["answered"]
    assert "db bootstrap app --support --permission r" in row["answered"]
    assert deployer("db", "connect", *LOCAL, "--user", user, "-c", "SELECT 1").code == 1
    assert deployer("db", "connect", *LOCAL, "-c", "SELECT 1").code == 0


def test_where_support_has_a_user_the_customers_people_stay_in_though_the_stack_gives_it_no_access_level(
    deployer: Deployer,
    someone: Become,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    identity = someone(allow("rds-db:connect"))
    with as_root(monkeypatch):
        made = deployer("db", "bootstrap", *LOCAL, "--support", "--permission", "w", "--for", f"{identity}=r", "--yes")
        assert made.code == 0, made.out
        ran = deployer("access", "revoke", "--all", "--yes")
    [row] = [item for item in ran.result["evidence"] if item["step"] == "database"]
    assert row["proven"] is True and "deepsql-support_w; 0 sessions ended; your own people keep" in row["answered"]
    assert deployer("db", "connect", *LOCAL, "-c", "SELECT 1").code == 0


def test_a_password_that_a_user_gave_itself_opens_nothing_once_it_is_shut_out(world: World) -> None:
    """rds_iam is what keeps passwords from being asked for, and a revocation takes rds_iam away."""

    def shown() -> tuple[DatabaseUser, bool]:
        inside = {user.user for user in users.still_in(query, Engine.POSTGRESQL)}
        [found] = [user for user in users.query_users(query, Engine.POSTGRESQL) if user.user == "eve_r"]
        return found, "eve_r" in inside

    master, boss = world.connect(), Login(POSTGRESQL, world.server.user, None, world.server.password)
    way = Route("127.0.0.1", world.server.port, str(world.server.ca_bundle), "app")
    master.execute(postgresql.bootstrap("app", {"eve_r": AccessLevel.READ}))
    with connected(boss, way) as query:
        world.connect("eve_r").execute("ALTER ROLE CURRENT_USER PASSWORD 'her own'")
        master.execute("REVOKE rds_iam FROM eve_r")
        with world.connect("eve_r", password="her own"):
            found, inside = shown()
        assert (found.tokens, inside) == (False, True)
        users.shut_out_users(query, Engine.POSTGRESQL, ["eve_r"])
        found, inside = shown()
        assert (found.tokens, found.sessions, inside) == (False, 0, False)
        for secret in ("her own", "given again"):
            with pytest.raises(psycopg.OperationalError):
                world.connect("eve_r", password=secret)
            master.execute("ALTER ROLE eve_r PASSWORD 'given again'")
        master.execute(postgresql.bootstrap("app", {"eve_r": AccessLevel.READ}))
        with world.connect("eve_r") as again:
            again.execute("SELECT 1")
        master.execute("REVOKE rds_iam FROM eve_r")
        with pytest.raises(psycopg.OperationalError):
            world.connect("eve_r", password="given again")
        users.drop_user(query, Engine.POSTGRESQL, "eve_r")


@pytest.mark.parametrize(
    ("there", "meant"),
    [
        (("ada_r", "deepsql-support_w", "deepsql-support_r"), ["deepsql-support_w", "deepsql-support_r"]),
        (("ada_r", "bo_w", "deepsql-support", "deepsql-support_x", "x-deepsql-support_r"), []),
        (("their-user_o", "ada_o"), ["their-user_o"]),
        ((), []),
    ],
)
def test_only_what_was_given_to_support_is_taken(there: tuple[str, ...], meant: list[str]) -> None:
    listed = [DatabaseUser(name, "", True, 0) for name in there]
    assert [u.user for u in supports_among(listed, "their-user")] == meant


def test_a_user_made_for_a_long_name_of_the_support_user_is_known_by_its_hash_in_both_engines() -> None:
    names = [user_name("s" * 64, AccessLevel.READ, engine) for engine in Engine]
    assert len(set(names)) == 2
    assert [u.user for u in supports_among([DatabaseUser(n, "", True, 0) for n in names], "s" * 64)] == names
