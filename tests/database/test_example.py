"""The example's stack on the sandbox: deployed as it is, then a person with one of its policies signs in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generator.model.contract import EXAMPLE_PATH
from generator.operations import sandbox

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
