"""The whole way to a MySQL on the embedded AWS: discovery, a tunnel, the sandbox's IAM, TLS, a real server; and out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import pytest

from generator.errors import DeployerError
from generator.model.database import Engine
from generator.operations import sandbox
from tests.database.test_sandbox import Become, Client, allow, as_root, someone  # noqa: F401 - fixtures
from tests.embedded import Deployer, environment, running_sandbox
from tests.sandbox_keys import root

LOCAL = ["--local-port", "0"]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A sandbox of these tests' own that does not wait between its steps."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as leads, environment(leads):
        yield lambda service: botocore.session.Session().create_client(service, "us-east-1", **root())


@pytest.fixture(scope="module")
def bundle(aws: Client) -> str:
    """An Aurora MySQL that RDS's API made, and a stack told of its endpoint."""
    aws("rds").create_db_cluster(
        DBClusterIdentifier="orders",
        Engine="aurora-mysql",
        MasterUsername="boss",
        ManageMasterUserPassword=True,
        DatabaseName="shop",
        EnableIAMDatabaseAuthentication=True,
    )
    bundle = str(sandbox.database("orders")["caBundle"])
    [cluster] = aws("rds").describe_db_clusters(DBClusterIdentifier="orders")["DBClusters"]
    endpoint = ("--database-endpoint", cluster["Endpoint"], "--database-port", str(cluster["Port"]))
    Deployer("deepsql-selfhost").create(*endpoint)
    return bundle


@pytest.fixture(autouse=True)
def client_program(bundle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    monkeypatch.setenv("DEPLOYER_CA_BUNDLE", bundle)


@pytest.fixture
def deployer() -> Deployer:
    return Deployer("deepsql-selfhost", "--output", "json")


def opened(deployer: Deployer, user: str) -> subprocess.Popen[str]:
    """A session of that user, by the token of the person we are, in the middle of a statement."""
    words = ["db", "connect", *LOCAL, "--user", user, "-c", "SELECT sleep(120)", "--output", "json"]
    held = subprocess.Popen([sys.executable, "-m", "generator", *words], stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    with pytest.MonkeyPatch.context() as patch, as_root(patch):
        while not any(u["user"] == user and u["sessions"] for u in deployer("db", "users", *LOCAL).result):
            assert held.poll() is None and time.monotonic() < deadline, "the session did not open"
            time.sleep(0.2)
    return held


def test_the_sandboxs_iam_decides_who_signs_in(
    deployer: Deployer,
    someone: Become,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person = someone(allow("rds-db:connect", resource="arn:aws:rds-db:us-east-1:111122223333:dbuser:cluster-*/*_r"))
    with as_root(monkeypatch):
        [found] = deployer("db", "list").result
        assert (found["name"], found["engine"], found["database"]) == ("orders", "mysql", "shop")
        made = deployer("db", "bootstrap", *LOCAL, "--for", f"{person}=rw", "--yes")
        assert made.code == 0, made.out
    asked = deployer("db", "connect", *LOCAL, "-c", "SELECT current_user()")
    assert asked.code == 0 and f"{person}_r@%" in asked.result["output"], asked.out
    refused = deployer("db", "connect", *LOCAL, "--permission", "w", "-c", "SELECT 1")
    assert (refused.code, refused.error["code"]) == (1, "iam-refused")


def test_a_revocation_ends_the_session_and_locks_the_account_and_its_report_says_so(
    deployer: Deployer,
    someone: Become,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    person, user = someone(allow("rds-db:connect")), "deepsql-support_r"
    people = ("--support", "--permission", "r", "--for", "root=o", "--for", f"{person}=r", "--yes")
    with as_root(monkeypatch):
        assert deployer("db", "bootstrap", *LOCAL, *people).code == 0
    held = opened(deployer, user)
    with as_root(monkeypatch):
        ran = deployer("access", "revoke", "--all", "--report", str(tmp_path / "report"), "--yes")
    assert ran.code == 0, ran.out + ran.err
    said, _ = held.communicate(timeout=20)
    assert held.returncode != 0 and not json.loads(said)["ok"]
    written = json.loads((tmp_path / "report.json").read_text())
    [row] = [item for item in written["evidence"] if item["step"] == "database"]
    assert row["proven"] is True and user in row["answered"]
    refused = deployer("db", "connect", *LOCAL, "--user", user, "-c", "SELECT 1")
    assert (refused.code, refused.error["code"]) == (1, "user-locked")
    assert deployer("db", "connect", *LOCAL, "-c", "SELECT 1").code == 0, "the customer's own people stay"
    with as_root(monkeypatch):
        assert deployer("db", "bootstrap", *LOCAL, *people).code == 0
    assert deployer("db", "connect", *LOCAL, "--user", user, "-c", "SELECT 1").code == 0


def test_a_list_is_applied_and_leaves_whom_it_finds_locked(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    def users() -> dict[str, bool]:
        return {u["user"]: u["tokens"] for u in deployer("db", "users", *LOCAL).result}

    with as_root(monkeypatch):
        assert (
            deployer("db", "bootstrap", *LOCAL, "--for", "root=o", "--for", "li=r", "--for", "mo=r", "--yes").code == 0
        )
        assert deployer("db", "shut-out", *LOCAL, "--only", "li_r", "--yes").code == 0
        by_list = ("--users", "root=o, li=r, na=w:data", "--drop", "mo_r")
        assert "DROP USER IF EXISTS `mo_r`" in deployer("db", "bootstrap", *LOCAL, *by_list, "--print").out
        ran = deployer("db", "bootstrap", *LOCAL, *by_list, "--yes")
        assert (ran.result["locked"], ran.result["dropped"]) == (["li_r"], ["mo_r"]), ran.out + ran.err
        found = users()
        assert (found["li_r"], found["na_w"], "mo_r" in found) == (False, True, False)
        assert deployer("db", "bootstrap", *LOCAL, "--for", "li=r", "--yes").code == 0 and users()["li_r"]


def test_an_engine_that_nothing_here_can_stand_in_for_is_named(aws: Client) -> None:
    given = {"DBInstanceIdentifier": "maria", "Engine": "mariadb", "DBInstanceClass": "db.t4g.micro"}
    aws("rds").create_db_instance(**given, MasterUsername="boss", MasterUserPassword="long-enough", AllocatedStorage=20)
    with pytest.raises(DeployerError, match="PostgreSQL and MySQL only"):
        sandbox.database("maria")
    with pytest.raises(DeployerError, match="orders: it exists and is aurora-mysql"):
        sandbox.database("orders", Engine.POSTGRESQL)
