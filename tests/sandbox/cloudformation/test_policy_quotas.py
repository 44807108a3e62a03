"""A policy that is too long fails its resource, whichever resource brings it, and IAM's API refuses it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.cloudformation.conftest import Client, Stacks

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::" + "x" * 4_000}
DOCUMENT: dict[str, Any] = {"Version": "2012-10-17", "Statement": [ALLOW]}
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"},
         "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:PrincipalTag/x": "x" * 3_000}}}]}  # fmt: skip
LONG = {**DOCUMENT, "Statement": [ALLOW, ALLOW, ALLOW]}
RESOURCES: dict[str, Any] = {
    "ACLSizePerRole: 2048": {"AWS::IAM::Role": {"AssumeRolePolicyDocument": TRUST}},
    "PolicySize: 6144": {"AWS::IAM::ManagedPolicy": {"PolicyDocument": LONG}},
    "2048 bytes exceeded for user": {
        "AWS::IAM::User": {"Policies": [{"PolicyName": "a", "PolicyDocument": DOCUMENT}]},
    },
    "2048 bytes exceeded for user Ann": {
        "AWS::IAM::Policy": {"PolicyName": "a", "Users": ["Ann"], "PolicyDocument": DOCUMENT},
    },
    "10240 bytes exceeded for role Ben": {
        "AWS::IAM::RolePolicy": {"PolicyName": "a", "RoleName": "Ben", "PolicyDocument": LONG},
    },
}


def test_every_resource_that_brings_a_policy(stacks: Stacks, client: Client) -> None:
    iam = client("iam")
    iam.create_user(UserName="Ann")
    ec2 = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="Ben", AssumeRolePolicyDocument=json.dumps({**TRUST, "Statement": [ec2]}))
    for number, (says, resource) in enumerate(RESOURCES.items()):
        ((kind, properties),) = resource.items()
        stacks.name = f"demo-{number}"
        template = json.dumps({"Resources": {"R": {"Type": kind, "Properties": properties}}})
        assert stacks.execute(stacks.change_set([], template, "CREATE")) == "ROLLBACK_COMPLETE"
        reasons = [e.get("ResourceStatusReason", "") for e in stacks.history() if e["LogicalResourceId"] == "R"]
        assert any(says in reason for reason in reasons), (kind, reasons)


def test_the_api(client: Client) -> None:
    iam = client("iam")
    iam.create_user(UserName="Ann")
    for call in (
        lambda: iam.create_role(RoleName="Ben", AssumeRolePolicyDocument=json.dumps(TRUST)),
        lambda: iam.create_policy(PolicyName="p", PolicyDocument=json.dumps(LONG)),
        lambda: iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=json.dumps(DOCUMENT)),
    ):
        with pytest.raises(iam.exceptions.LimitExceededException):
            call()
