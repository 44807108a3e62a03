"""The whole way on the embedded AWS: discovery, a session's tunnel, the sandbox's IAM, TLS, a real PostgreSQL."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import botocore.session
import pytest

import generator
from generator.cli.main import main
from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.model.database import AccessLevel, ClientProgram, Database, Engine, Login, Route
from generator.model.deployment import Deployment
from generator.model.forward import unreachable
from generator.operations import sandbox
from generator.operations.database import connect
from generator.operations.database.request import DatabaseRequest
from generator.operations.database.revoke import shut_support_out
from generator.operations.database.tunnel import open_in_background, session_tunnel
from tests.sandbox_keys import control, root

Client = Callable[..., Any]
Become = Callable[..., str]
LOCAL = ["--local-port", "0"]


def allow(*actions: str, resource: str = "*") -> dict[str, object]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def document(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A sandbox of these tests' own; aws(service) is a client of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEPLOYER_SANDBOX_HOME", str(tmp_path_factory.mktemp("sandbox")))
        sandbox.start()
        for name, value in sandbox.environment().items():
            patch.setenv(name, value)
        yield lambda service: botocore.session.Session().create_client(service, "us-east-1", **root())
        sandbox.stop()


@pytest.fixture(scope="module")
def bundle(aws: Client) -> str:
    """A cluster that RDS's API made, a jump host, and a real PostgreSQL behind the cluster."""
    aws("rds").create_db_cluster(
        DBClusterIdentifier="app",
        Engine="aurora-postgresql",
        MasterUsername="boss",
        ManageMasterUserPassword=True,
        DatabaseName="shop",
        EnableIAMDatabaseAuthentication=True,
    )
    _instance(aws)
    return str(control("PUT", "database", {"name": "app"})["caBundle"])


def _instance(aws: Client) -> None:
    iam, name = aws("iam"), "jump-host"
    trust = document({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    agent = allow("ssm:UpdateInstanceInformation", "ssmmessages:*")
    iam.put_role_policy(RoleName=name, PolicyName="agent", PolicyDocument=document(agent))
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    aws("ec2").run_instances(
        ImageId="ami-12345678",
        MinCount=1,
        MaxCount=1,
        IamInstanceProfile={"Name": name},
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "deepsql:managed", "Value": "true"}]}],
    )


@pytest.fixture
def someone(aws: Client, bundle: str, monkeypatch: pytest.MonkeyPatch) -> Become:
    """Become a new IAM user who may use the database with these statements; gives the user's name."""

    def become(*statements: dict[str, object]) -> str:
        name, iam = f"user{uuid.uuid4().hex[:6]}", aws("iam")
        iam.create_user(UserName=name)
        base = allow(
            "rds:Describe*", "ec2:DescribeInstances", "ssm:*", "ssmmessages:*", "cloudformation:DescribeStacks"
        )
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(base, *statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        return name

    return become


@pytest.fixture(autouse=True)
def client_program(psql: Path, bundle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(psql), prepend=":")
    monkeypatch.setenv("DEPLOYER_CA_BUNDLE", bundle)


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main([*argv, "--output", "json"])
    return code, json.loads(capsys.readouterr().out)


@contextmanager
def as_root(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        for name, value in sandbox.environment().items():
            patch.setenv(name, value)
        yield


def test_the_masters_secret_makes_users_and_the_sandboxs_iam_decides_who_signs_in(
    aws: Client, someone: Become, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with as_root(monkeypatch):
        code, listed = run(capsys, "db", "list")
    [found] = listed["result"]
    assert (code, found["name"], found["database"]) == (0, "app", "shop")
    readers = f"arn:aws:rds-db:us-east-1:111122223333:dbuser:{found['resource_id']}/*_r"
    identity = someone(allow("rds-db:connect", resource=readers), allow("iam:SimulatePrincipalPolicy"))
    with as_root(monkeypatch):
        code, made = run(capsys, "db", "bootstrap", "app", "--for", f"{identity}=rw", "--yes", *LOCAL)
    assert code == 0, made
    code, asked = run(capsys, "db", "connect", "app", "-c", "SELECT current_user", *LOCAL)
    assert code == 0, asked
    assert asked["result"]["user"] == f"{identity}_r"
    assert f"{identity}_r" in asked["result"]["output"]
    code, may = run(capsys, "db", "whoami", "app")
    assert [(each["level"], each["permission"]) for each in may["result"]] == [
        ("r", "allowed"),
        ("w", "denied"),
        ("o", "denied"),
    ]
    code, refused = run(capsys, "db", "connect", "app", "--permission", "w", "-c", "SELECT 1", *LOCAL)
    assert code == 1
    assert f"{identity}_w" in refused["error"]["message"]


def test_who_may_not_ask_iam_is_refused_by_the_database_and_a_key_switched_off_opens_nothing_more(
    aws: Client, someone: Become, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = someone(allow("rds-db:connect", resource="arn:aws:rds-db:us-east-1:111122223333:dbuser:*/*_o"))
    with as_root(monkeypatch):
        assert run(capsys, "db", "bootstrap", "app", "--for", f"{identity}=ro", "--yes", *LOCAL)[0] == 0
    code, refused = run(capsys, "db", "connect", "app", "-c", "SELECT 1", *LOCAL)
    assert (code, refused["error"]["code"]) == (1, "iam-refused")
    assert run(capsys, "db", "activity", "app", *LOCAL)[0] == 0
    code, kept = run(capsys, "db", "token", "app", "--permission", "o")
    [key] = aws("iam").list_access_keys(UserName=identity)["AccessKeyMetadata"]
    aws("iam").update_access_key(UserName=identity, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    [running] = control("GET", "database")
    host, _, port = running["endpoint"].rpartition(":")
    front = Database("app", Engine.POSTGRESQL, host, int(port), region="us-east-1", database="shop")
    login = Login(front, f"{identity}_o", AccessLevel.OPERATE, kept["result"]["token"])
    with pytest.raises(DeployerError) as cut:
        connect.check_connection(
            ClientProgram.psql, login, Route("127.0.0.1", running["localPort"], running["caBundle"], "shop")
        )
    assert cut.value.code == "iam-refused"
    known = {"aws_access_key_id": "111122223333", "aws_secret_access_key": "test"}  # MiniStack's own root
    stranger = botocore.session.Session().create_client("rds", "us-east-1", **known)
    token = stranger.generate_db_auth_token(host, int(port), f"{identity}_o")
    with pytest.raises(DeployerError) as unknown:
        there = Route("127.0.0.1", running["localPort"], running["caBundle"], "shop")
        connect.check_connection(ClientProgram.psql, Login(front, f"{identity}_o", AccessLevel.OPERATE, token), there)
    assert unknown.value.code == "iam-refused"
    assert "does not exist" in control("GET", "database")[0]["refusals"][-1]


def test_shutting_out_ends_sessions_and_tokens_and_a_bootstrap_lets_in_again(
    aws: Client, someone: Become, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = someone(allow("rds-db:connect"))
    with as_root(monkeypatch):
        assert run(capsys, "db", "bootstrap", "app", "--for", f"{identity}=r", "--yes", *LOCAL)[0] == 0
    assert run(capsys, "db", "connect", "app", "-c", "SELECT 1", *LOCAL)[0] == 0
    with as_root(monkeypatch):
        code, cut = run(capsys, "db", "shut-out", "app", "--yes", *LOCAL)
    assert (code, cut["result"]["left"]) == (0, [])
    assert f"{identity}_r" in cut["result"]["ended"]
    code, refused = run(capsys, "db", "connect", "app", "-c", "SELECT 1", *LOCAL)
    assert (code, refused["error"]["code"]) == (1, "no-such-user")
    with as_root(monkeypatch):
        assert run(capsys, "db", "bootstrap", "app", "--for", f"{identity}=r", "--yes", *LOCAL)[0] == 0
    assert run(capsys, "db", "connect", "app", "-c", "SELECT 1", *LOCAL)[0] == 0


def test_a_database_that_cannot_be_reached_is_reported_and_stops_no_revocation(aws: Client) -> None:
    gateway = Gateway(Deployment())
    found = shut_support_out(gateway, DatabaseRequest(name="gone"))
    assert not found.holds
    assert "gone" in found.problem


def test_what_the_tunnel_has_to_tell_is_told(aws: Client) -> None:
    """The agent's message, and that nobody answers at the far end, which a client sees as a closed connection only."""
    said: list[str] = []
    database = Database("nowhere", Engine.POSTGRESQL, "nowhere.invalid", 5432)
    tunnel = session_tunnel(Gateway(Deployment()), DatabaseRequest(name="nowhere"), said.append)
    with open_in_background(tunnel, database, 0) as port, socket.create_connection(("127.0.0.1", port)) as client:
        assert client.recv(1) == b""
    assert said == ["This session is served by the deployer sandbox.", unreachable("nowhere.invalid:5432")]


def test_every_data_channel_of_ours_trusts_whom_the_calls_trust() -> None:
    """Each room of operations takes the options of its channels from one place."""
    root = Path(generator.__file__).parent / "operations"
    makers = {str(path.relative_to(root)) for path in root.rglob("*.py") if "ChannelOptions(" in path.read_text()}
    assert makers == {"sessions/channel_options.py"}
    takers = [
        path for path in root.rglob("*.py") if re.search(r"\b(open_channel|forward|host_shell)\(", path.read_text())
    ]
    assert len(takers) > 4
    for path in takers:
        calls = re.findall(r"with (?:open_channel|(?:port\.)?forward|host_shell)\(([^\n]*)\) as", path.read_text())
        assert all("options" in call for call in calls), path


def test_no_server_outlives_the_process_that_started_it() -> None:
    program = (
        "import asyncio, os\nfrom generator.sandbox.database import server\n"
        "async def main():\n  async with server.running() as made:\n    print(made.socket.parent, flush=True)\n"
        "    os.kill(os.getpid(), 9)\nasyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    home, deadline = Path(done.stdout.strip()), time.monotonic() + 20
    assert home.name.startswith("deployer-pg-")
    while home.exists():
        assert time.monotonic() < deadline, "the watcher has not cleaned up"
        time.sleep(0.05)
