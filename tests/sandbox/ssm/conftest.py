"""Instances, users and documents for the tests of sessions."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

AGENT = [
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
]


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def launch(client: Any, tags: dict[str, str], agent: list[str] = AGENT) -> str:
    """A running instance whose role allows `agent`; its id."""
    name, iam, ec2 = f"node-{uuid.uuid4().hex[:8]}", client("iam"), client("ec2")
    trust = document({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    if agent:
        allow = document({"Effect": "Allow", "Action": agent, "Resource": "*"})
        iam.put_role_policy(RoleName=name, PolicyName="agent", PolicyDocument=allow)
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    made = ec2.run_instances(
        ImageId="ami-12345678",
        MinCount=1,
        MaxCount=1,
        IamInstanceProfile={"Name": name},
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        ],
    )
    return str(made["Instances"][0]["InstanceId"])


@pytest.fixture(scope="session")
def instance(client: Any) -> str:
    return launch(client, {"deepsql:managed": "true"})


@pytest.fixture(scope="session")
def port_document(client: Any) -> str:
    """A port document that allows 3035 and 5432."""
    name = f"port-{uuid.uuid4().hex[:8]}"
    content = {
        "schemaVersion": "1.0",
        "sessionType": "Port",
        "parameters": {"portNumber": {"type": "String", "allowedPattern": "^(3035|5432)$"}},
        "properties": {"portNumber": "{{ portNumber }}", "type": "LocalPortForwarding", "localPortNumber": "0"},
    }
    client("ssm").create_document(Name=name, Content=json.dumps(content), DocumentType="Session")
    return name


@pytest.fixture
def user(client: Any) -> Callable[..., Any]:
    """user(*statements) -> a session factory of a new IAM user with that policy: keys(service) is a client."""

    def make(*statements: dict[str, Any], boundary: str | None = None, name: str = "") -> Any:
        name, iam = name or f"user-{uuid.uuid4().hex[:8]}", client("iam")
        iam.create_user(UserName=name, **({"PermissionsBoundary": boundary} if boundary else {}))
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(*statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]

        def of(service: str, region: str = "us-east-1") -> Any:
            return client(service, keys=key, region=region)

        of.name, of.key = name, key  # type: ignore[attr-defined]
        return of

    return make
