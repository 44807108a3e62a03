"""access policy --abac: an engineer with the printed policy, on the sandbox."""

from __future__ import annotations

import json

import pytest

from tests.sessions.conftest import Deployer


def test_an_engineer_reaches_what_shares_the_tag_and_nothing_else(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = deployer("access", "policy", "--abac", "team", "--as", "user", "--account", "111122223333",
                       "--region", "us-east-1")  # fmt: skip
    assert printed.code == 0, printed.err
    iam, ec2 = deployer.gateway.client("iam"), deployer.gateway.client("ec2")
    iam.create_user(UserName="alice", Tags=[{"Key": "team", "Value": "blue"}])
    iam.put_user_policy(UserName="alice", PolicyName="sessions", PolicyDocument=printed.out)
    key = iam.create_access_key(UserName="alice")["AccessKey"]

    def connect() -> int:
        with monkeypatch.context() as patch:
            patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
            patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
            return deployer("connect", instance, "-L", "0:localhost:3035", "--exec", "true").code

    instance = deployer.instance
    assert connect() == 1
    ec2.create_tags(Resources=[instance], Tags=[{"Key": "team", "Value": "red"}])
    assert connect() == 1
    ec2.create_tags(Resources=[instance], Tags=[{"Key": "team", "Value": "blue"}])
    assert connect() == 0


@pytest.mark.parametrize("kind", ["role", "federated"])
def test_sessions_of_roles_are_known_by_the_tag_aws_puts_on_them(deployer: Deployer, kind: str) -> None:
    printed = json.loads(deployer("access", "policy", "--abac", "team", "--as", kind).out)
    own = next(s for s in printed["Statement"] if s["Sid"] == "ResumeAndEndOwnSessions")
    assert own["Condition"] == {"StringLike": {"ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}"}}


def test_what_is_no_tag_key_is_refused(deployer: Deployer) -> None:
    assert deployer("access", "policy", "--abac", "a*b").code == 2
