"""doctor: each thing that can be missing is found, with the command that mends it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest

from generator.errors import AwsError
from generator.gateway.cloudformation import CloudFormation
from generator.gateway.cloudtrail import CloudTrail
from generator.gateway.ec2 import EC2
from generator.gateway.iam import IAM
from generator.gateway.ssm import HOST_MANAGEMENT, SSM
from generator.model.instance import InstanceHealth
from generator.model.preferences import Preferences
from generator.model.session import DocumentVersions, Node
from generator.model.stack import Stack
from generator.model.trail import Trail
from tests.sessions.conftest import Deployer, as_support

GOOD = {"vpc_id": "vpc-1", "subnet_id": "subnet-1", "profile": "arn:p", "tokens": "required", "hops": 1}


def found(deployer: Deployer, *argv: str) -> dict[str, dict[str, str]]:
    return {each["subject"]: each for each in deployer("doctor", *argv, "--output", "json").result}


def test_a_stack_of_the_sandbox_is_healthy(deployer: Deployer) -> None:
    done = deployer("doctor")
    assert done.code == 0, done.out
    for subject in ("credentials", "region", "stack", "agent", "documents", "permissions", "route to AWS"):
        assert f"ok       {subject}" in done.out or f"ok    {subject}" in done.out, done.out
    role = found(deployer)["instance role"]["answer"]
    assert role.startswith("that of the instance profile ") and "arn:" not in role


@pytest.mark.parametrize(
    ("health", "subject", "verdict", "hint"),
    [
        ({"state": "stopped"}, "instance {}", "missing", "Restore it with: aws ec2 start-instances"),
        ({"state": "stopping"}, "instance {}", "missing", "Restore it with: aws ec2 wait instance-stopped"),
        ({"state": "shutting-down"}, "instance {}", "missing", "--deployment-mode REVERT_DRIFT"),
        ({"state": "pending"}, "instance {}", "ok", ""),
        ({"profile": ""}, "instance role", "missing", "associate-iam-instance-profile"),
        ({"imds": "disabled"}, "IMDS", "missing", "--http-endpoint enabled"),
        ({"tokens": "optional"}, "IMDS", "note", "--http-tokens required"),
        ({"hops": 2}, "IMDS", "note", "--http-put-response-hop-limit 1"),
        ({"tags": {}}, "tag", "note", "aws ec2 create-tags"),
    ],
)
def test_what_the_instance_lacks(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch, health: dict[str, Any], subject: str, verdict: str, hint: str
) -> None:
    name = deployer.instance
    made = InstanceHealth(name, **{"state": "running", **GOOD, **health})
    monkeypatch.setattr(EC2, "instance_health", lambda self, instance_id: made)
    each = found(deployer)[subject.format(name)]
    assert each["verdict"] == verdict and hint in each["hint"]


@pytest.mark.parametrize(
    ("nodes", "subject", "words"),
    [
        ([], "agent", "never registered"),
        ([Node("i-1", "ConnectionLost", "3.3.1.0")], "agent", "ConnectionLost"),
        ([Node("i-1", "Online", "3.0.100.0")], "agent's version", "too old for tunnels, logging"),
    ],
)
def test_what_the_agent_lacks(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch, nodes: list[Node], subject: str, words: str
) -> None:
    monkeypatch.setattr(SSM, "describe_nodes", lambda self, ids: nodes)
    each = found(deployer)[subject]
    assert each["verdict"] == "missing" and words in each["answer"] and each["hint"]


def test_documents_that_are_gone(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SSM, "find_document", lambda self, name: None)
    rows = found(deployer)
    assert "missing: deepsql-" in rows["documents"]["answer"]
    [row] = [row for subject, row in rows.items() if subject.startswith("session document ")]
    assert "--deployment-mode REVERT_DRIFT" in row["hint"]


@pytest.mark.parametrize(
    ("inputs", "verdict", "words"),
    [
        (None, "missing", "those sessions go unlogged"),
        ({"cloudWatchLogGroupName": "", "s3BucketName": ""}, "missing", "those sessions go unlogged"),
        ({"cloudWatchLogGroupName": "shells"}, "ok", "logged to shells"),
        ({"s3BucketName": "bucket"}, "ok", "logged to bucket"),
    ],
)
def test_the_default_shell_where_support_may_start_it(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch, inputs: dict[str, str] | None, verdict: str, words: str
) -> None:
    assert "default shell" not in found(deployer), "support may not"
    describe = CloudFormation.describe_stack

    def allowed(self: CloudFormation, name: str) -> Stack:
        stack = describe(self, name)
        return replace(stack, parameters={**stack.parameters, "SupportDefaultShell": "Yes"})

    saved = Preferences(inputs and {"inputs": inputs})
    monkeypatch.setattr(CloudFormation, "describe_stack", allowed)
    monkeypatch.setattr("generator.operations.sessions.preferences.read", lambda gateway: saved)
    each = found(deployer)["default shell"]
    assert each["verdict"] == verdict and words in each["answer"]
    assert verdict == "ok" or "up --support-default-shell=no" in each["hint"]


def test_a_document_whose_default_is_not_its_latest(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SSM, "document_versions", lambda self, name: DocumentVersions(name, "2", "3"))
    name = f"deepsql-port-{deployer.instance}"
    each = found(deployer)[f"document {name}"]
    assert each["verdict"] == "note" and each["answer"] == "sessions go by version 2, its default; the latest is 3"
    assert f": aws ssm update-document-default-version --name {name} --document-version 3" in each["hint"]


def test_a_caller_who_may_not_open_the_channel(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    def simulate(self: IAM, arn: str, action: str, resource: str, context: object) -> str:
        return "implicitDeny" if action == "ssmmessages:OpenDataChannel" else "allowed"

    user = "arn:aws:iam::111122223333:user/alice"
    monkeypatch.setattr("generator.gateway.sts.STS.get_caller_arn", lambda self: user)
    monkeypatch.setattr(IAM, "simulate", simulate)
    each = found(deployer)["permissions"]
    assert each["verdict"] == "missing" and "ssmmessages:OpenDataChannel" in each["answer"]


def test_support_is_told_what_it_may_not_look_at(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        as_support(deployer, patch)
        each = found(deployer)
    assert each["agent"]["verdict"] == "ok" and each["permissions"]["verdict"] == "unknown"
    assert each["permissions"]["answer"] == "not checked: you lack the permission for SimulatePrincipalPolicy"


def test_without_credentials_nothing_else_is_asked(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: object) -> str:
        raise AwsError("The key is not known.", "Sign in again.")

    monkeypatch.setattr("generator.gateway.sts.STS.get_caller_arn", refused)
    each = found(deployer)
    assert each["credentials"]["hint"] == "Sign in again." and "region" not in each


def test_an_instance_that_is_not_there(deployer: Deployer) -> None:
    assert deployer("doctor", "web-99").code == 3
    each = found(deployer, "i-0000000000000000a")
    assert each["instance i-0000000000000000a"]["verdict"] == "missing" and "agent" not in each


LOGS = Trail("all", "arn:aws:cloudtrail:eu-west-1:111122223333:trail/all", "evidence", "eu-west-1")


@pytest.mark.parametrize(
    ("trails", "logging", "verdict", "words", "hint"),
    [
        ([], {}, "note", "event history only, which keeps 90 days: no trail records this region", "create-trail"),
        (
            [LOGS],
            {"all": True},
            "ok",
            "the trail all records this region to the bucket evidence",
            "get-event-selectors",
        ),
        ([LOGS], {"all": False}, "note", "all is stopped", "start-logging --name arn:aws:cloudtrail:eu-west-1"),
        ([LOGS], {"all": None}, "unknown", "whether all records is not known", ""),
    ],
)
def test_what_cloudtrail_records(
    deployer: Deployer,
    monkeypatch: pytest.MonkeyPatch,
    trails: list[Trail],
    logging: dict[str, bool | None],
    verdict: str,
    words: str,
    hint: str,
) -> None:
    def is_logging(self: CloudTrail, arn: str) -> bool:
        if (state := logging[arn.rpartition("/")[2]]) is None:
            raise AwsError("No.", operation="GetTrailStatus", aws_code="AccessDeniedException")
        return state

    monkeypatch.setattr(CloudTrail, "describe_trails", lambda self: trails)
    monkeypatch.setattr(CloudTrail, "is_logging", is_logging)
    each = found(deployer)["CloudTrail"]
    assert each["verdict"] == verdict and words in each["answer"] and hint in each["hint"]
    assert verdict == "unknown" or "not what was typed or carried" in each["answer"]
    assert "start-logging" not in each["hint"] or not trails or "--region eu-west-1" in each["hint"]


def test_a_trail_of_the_sandbox_is_seen_and_who_may_not_ask_is_told_so(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = deployer.gateway.client("cloudtrail")
    client.create_trail(Name="kept", S3BucketName="evidence")
    assert found(deployer)["CloudTrail"]["verdict"] == "note"
    client.start_logging(Name="kept")
    assert found(deployer)["CloudTrail"]["verdict"] == "ok"
    client.delete_trail(Name="kept")
    denied = AwsError("No.", operation="DescribeTrails", aws_code="AccessDeniedException")
    monkeypatch.setattr(CloudTrail, "describe_trails", Mock(side_effect=denied))
    each = found(deployer)["CloudTrail"]
    assert (each["verdict"], each["answer"]) == ("unknown", "not checked: you lack the permission for DescribeTrails")


@pytest.fixture
def bare(deployer: Deployer) -> Iterator[str]:
    """An instance without an instance profile."""
    ec2 = deployer.gateway.client("ec2")
    name = str(ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"])
    yield name
    ec2.terminate_instances(InstanceIds=[name])


@pytest.fixture
def host_management(deployer: Deployer) -> Iterator[str]:
    """The account gives instances without a profile a role, by whose name."""
    iam, ssm = deployer.gateway.client("iam"), deployer.gateway.client("ssm")
    trusted = {"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}
    may = {"Effect": "Allow", "Action": ["ssm:UpdateInstanceInformation", "ssmmessages:*"], "Resource": "*"}
    version = {"Version": "2012-10-17"}
    iam.create_role(RoleName="hosts", AssumeRolePolicyDocument=json.dumps({**version, "Statement": trusted}))
    iam.put_role_policy(RoleName="hosts", PolicyName="agent", PolicyDocument=json.dumps({**version, "Statement": may}))
    ssm.update_service_setting(SettingId=HOST_MANAGEMENT, SettingValue="hosts")
    yield "hosts"
    ssm.reset_service_setting(SettingId=HOST_MANAGEMENT)
    iam.delete_role_policy(RoleName="hosts", PolicyName="agent")
    iam.delete_role(RoleName="hosts")


def test_without_a_profile_and_host_management_no_agent_can_register(deployer: Deployer, bare: str) -> None:
    rows = found(deployer, bare)
    assert rows["instance role"]["verdict"] == "missing" and rows["agent"]["verdict"] == "missing"
    assert "no Default Host Management" in rows["instance role"]["answer"]


def test_host_management_is_recognised_and_its_hosts_are_reached(
    deployer: Deployer, bare: str, host_management: str
) -> None:
    rows = found(deployer, bare)
    assert rows["agent"]["verdict"] == "ok" and "host management" not in rows
    assert rows["instance role"]["verdict"] == "note" and f"role {host_management}" in rows["instance role"]["answer"]
    assert deployer("connect", bare, "-L", "0:localhost:8080", "--exec", "true").code == 0


@pytest.mark.parametrize(("version", "old"), [("3.2.581.0", True), ("3.2.582.0", False), ("3.3.1.0", False)])
def test_an_agent_that_is_too_old_for_host_management(
    deployer: Deployer, bare: str, host_management: str, monkeypatch: pytest.MonkeyPatch, version: str, old: bool
) -> None:
    monkeypatch.setattr(SSM, "describe_nodes", lambda self, ids: [Node(bare, "Online", version)])
    rows = found(deployer, bare)
    assert ("host management" in rows) is old
    assert not old or rows["host management"]["verdict"] == "missing"


def test_host_management_that_may_not_be_read_is_unknown(
    deployer: Deployer, bare: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: object) -> str:
        raise AwsError("No.", aws_code="AccessDeniedException", operation="GetServiceSetting")

    monkeypatch.setattr(SSM, "host_management_role", refused)
    row = found(deployer, bare)["instance role"]
    assert (row["verdict"], row["answer"]) == ("unknown", "not checked: you lack the permission for GetServiceSetting")
