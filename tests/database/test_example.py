"""The example's stack on the sandbox: deployed as it is, then a person with one of its policies signs in."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from generator.cli.main import main
from generator.model.contract import EXAMPLE_PATH
from generator.operations import sandbox
from tests.sandbox_keys import control
from tests.sessions import sshd

from .test_sandbox import LOCAL, Client, as_root, aws, client_program, run  # noqa: F401 - fixtures

STACK = "deepsql-example-database"


@pytest.fixture(scope="module")
def bundle(aws: Client) -> str:  # noqa: F811
    """The stack as the console would make it, and a real PostgreSQL behind its cluster."""
    cloudformation = aws("cloudformation")
    body = (Path(__file__).parents[2] / EXAMPLE_PATH).read_text()
    cloudformation.create_stack(StackName=STACK, TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    cloudformation.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
    [cluster] = aws("rds").describe_db_clusters()["DBClusters"]
    return str(sandbox.database(cluster["DBClusterIdentifier"])["caBundle"])


def test_the_read_policy_opens_the_database_for_reading_through_the_bastion(
    aws: Client,  # noqa: F811
    bundle: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    iam: Any = aws("iam")
    [policy] = [p["Arn"] for p in iam.list_policies(Scope="Local")["Policies"] if "ReadPolicy" in p["PolicyName"]]
    iam.create_user(UserName="jo")
    iam.attach_user_policy(UserName="jo", PolicyArn=policy)
    key = iam.create_access_key(UserName="jo")["AccessKey"]
    there = ["--stack-name", STACK, *LOCAL]
    with as_root(monkeypatch):
        code, made = run(capsys, "db", "bootstrap", *there, "--for", "jo=rw", "--yes")
        assert code == 0, made["error"]["message"]
        found = aws("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    code, asked = run(capsys, "db", "connect", *there, "-c", "SELECT current_user")
    assert code == 0, asked
    assert "jo_r" in asked["result"]["output"]
    code, refused = run(capsys, "db", "connect", *there, "--permission", "w", "-c", "SELECT 1")
    assert (code, refused["error"]["code"]) == (1, "iam-refused")
    other = ["--target", outputs["InstanceId"], "--document", "AWS-StartPortForwardingSessionToRemoteHost"]
    code, refused = run(capsys, "db", "connect", *there, *other, "-c", "SELECT 1")
    assert (code, "may not open a tunnel" in refused["error"]["message"]) == (1, True)


SSH = """{{"Version": "2012-10-17", "Statement": [
  {{"Effect": "Allow", "Action": "ec2-instance-connect:SendSSHPublicKey", "Resource": "*",
    "Condition": {{"StringEquals": {{"ec2:osuser": "{}"}}}}}},
  {{"Effect": "Allow", "Action": "ssm:StartSession", "Resource": "arn:aws:ssm:*::document/AWS-StartSSHSession"}}]}}"""
"""What a person needs besides the example's own policy, to become one login on its bastion."""


def test_ssh_l_through_the_bastion_as_a_login_of_ones_choice_reaches_it_too(
    aws: Client,  # noqa: F811
    bundle: str,
    psql: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """With a real sshd and a real psql: the endpoint is verified, and IAM's token is the password."""
    there = ["--stack-name", STACK]
    with as_root(monkeypatch):
        assert run(capsys, "db", "bootstrap", *there, *LOCAL, "--for", "al=r", "--yes")[0] == 0
        outputs = {o["OutputKey"]: o["OutputValue"] for o in _stack(aws)["Outputs"]}
    become(aws, "al", monkeypatch)
    keys = Path(os.environ["DEPLOYER_SANDBOX_HOME"]) / "keys" / outputs["InstanceId"]
    port, local = sshd.free_port(), sshd.free_port()
    control("PUT", f"instances/{outputs['InstanceId']}", {"ports": {"22": port}})
    [database] = control("GET", "database")
    _, made = run(capsys, "db", "token", *there, "--permission", "r")
    forward = f"127.0.0.1:{local}:127.0.0.1:{database['localPort']}"
    with sshd.serve(tmp_path / "sshd", keys, port):
        assert main(["ssh", *there, "nobody@.", "true"]) == 1
        assert "You may not push an SSH key for nobody" in capsys.readouterr().err
        words = [sys.executable, "-m", "generator", "ssh", *there, "-N", "-L", forward, f"{sshd.USER}@."]
        tunnel = subprocess.Popen(words, env={**os.environ, "HOME": str(tmp_path)})
        try:
            done = _ask(psql, outputs["DatabaseEndpoint"], local, bundle, made["result"]["token"])
        finally:
            tunnel.terminate()
            tunnel.wait(15)
    assert (done.returncode, done.stdout) == (0, "al_r\n"), done.stderr


def _stack(aws: Client) -> Any:  # noqa: F811
    return aws("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]


def become(aws: Client, name: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Be a new IAM user with the example's policy for readers, and the one for SSH."""
    iam: Any = aws("iam")
    [policy] = [p["Arn"] for p in iam.list_policies(Scope="Local")["Policies"] if "ReadPolicy" in p["PolicyName"]]
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn=policy)
    iam.put_user_policy(UserName=name, PolicyName="ssh", PolicyDocument=SSH.format(sshd.USER))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])


def _ask(psql: Path, endpoint: str, port: int, bundle: str, token: str) -> subprocess.CompletedProcess[str]:
    """Ask as the page has it, as soon as the tunnel listens."""
    where = f"host={endpoint} hostaddr=127.0.0.1 port={port} dbname=app user=al_r sslmode=verify-full"
    argv = [str(psql / "psql"), f"{where} sslrootcert={bundle}", "-XAtc", "SELECT current_user"]
    deadline = time.monotonic() + 30
    while True:
        done = subprocess.run(argv, env={**os.environ, "PGPASSWORD": token}, capture_output=True, text=True)
        if "Connection refused" not in done.stderr or time.monotonic() > deadline:
            return done
        time.sleep(0.2)
