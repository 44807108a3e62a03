"""What passes the VPC endpoints, by the same evaluator. Everything else permits everything, so that an endpoint's
policy alone decides: the caller's own policy, and the policy of whatever is called."""

from __future__ import annotations

from typing import Any

import pytest

from generator.model.vpc_endpoints import SERVICES
from generator.template.vpc_endpoints import build_vpc_endpoints
from tests.proof.evaluator import Answer, Request, decide, text
from tests.proof.people import EVERYTHING, STRANGER
from tests.proof.resolve import ACCOUNT, Place, Stack

GIVEN = {service.parameter: "Yes" for service in SERVICES} | {
    "RouteTableIds": "rtb-0a1b2c3d",
    "ClientCidr": "10.0.0.0/16",
}
OPEN = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}
AWS = "309956199498"  # an account of AWS; which one does not matter
OWN_ROLE, FOREIGN_ROLE = (f"arn:aws:iam::{account}:role/x" for account in (ACCOUNT, STRANGER))
REGIONAL = "us-east-1:111122223333"
Case = tuple[str, str, str, str, str]  # who, action, resource, the resource's account, what is expected

SECRET = "arn:aws:secretsmanager:us-east-1:{}:secret:app-AbCdEf"
KEY = "arn:aws:kms:us-east-1:{}:key/1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809"
STACK = "arn:aws:cloudformation:us-east-1:{}:stack/deepsql-selfhost/7c8d9e0f"
PARAMETER = "arn:aws:ssm:us-east-1:{}:parameter/x"
OF_ITS_ACCOUNT = (
    ("secretsmanager:GetSecretValue", SECRET),
    ("kms:Decrypt", KEY),
    ("logs:PutLogEvents", "arn:aws:logs:us-east-1:{}:log-group:app:log-stream:1"),
    ("cloudformation:SignalResource", STACK),
    ("ssm:GetParameter", PARAMETER),
    ("s3:GetObject", "arn:aws:s3:::bucket/key"),
    ("s3:PutObject", "arn:aws:s3:::bucket/key"),
)
MESSAGES = ("ssmmessages:OpenControlChannel", "ssmmessages:CreateDataChannel", "ec2messages:GetMessages")
PACKAGES = "arn:aws:s3:::al2023-repos-us-east-1-de612dc2/core/mirrors/latest/aarch64/mirror.list"
AGENT = "arn:aws:s3:::amazon-ssm-us-east-1/ssm-agent-manifest.json"


def _cases() -> list[Case]:
    found: list[Case] = []
    for action, form in OF_ITS_ACCOUNT:
        found += [
            (OWN_ROLE, action, form.format(ACCOUNT), ACCOUNT, "allowed"),
            (FOREIGN_ROLE, action, form.format(ACCOUNT), ACCOUNT, "denied"),
            (OWN_ROLE, action, form.format(STRANGER), STRANGER, "denied"),
            (FOREIGN_ROLE, action, form.format(STRANGER), STRANGER, "denied"),
        ]
    for action in MESSAGES:
        found += [(OWN_ROLE, action, "*", ACCOUNT, "allowed"), (FOREIGN_ROLE, action, "*", STRANGER, "denied")]
    return [
        *found,
        (OWN_ROLE, "ssm:GetParameter", "arn:aws:ssm:us-east-1::parameter/aws/service/x", AWS, "allowed"),
        (FOREIGN_ROLE, "ssm:GetParameter", "arn:aws:ssm:us-east-1::parameter/aws/service/x", AWS, "denied"),
        (OWN_ROLE, "ssm:GetParameter", f"arn:aws:ssm:us-east-1:{STRANGER}:parameter/aws/x", STRANGER, "denied"),
        ("anonymous", "s3:GetObject", PACKAGES, AWS, "allowed"),
        ("anonymous", "s3:GetObject", AGENT, AWS, "allowed"),
        (OWN_ROLE, "s3:GetObject", AGENT, AWS, "allowed"),
        (FOREIGN_ROLE, "s3:GetObject", AGENT, AWS, "denied"),
        ("anonymous", "s3:PutObject", PACKAGES, AWS, "denied"),
        ("anonymous", "s3:GetObject", "arn:aws:s3:::al2023-repos-us-east-1-0badcafe/x", STRANGER, "denied"),
        ("anonymous", "s3:GetObject", "arn:aws:s3:::bucket/installer.sh", ACCOUNT, "allowed"),
        ("anonymous", "s3:PutObject", "arn:aws:s3:::bucket/key", ACCOUNT, "denied"),
        ("anonymous", "s3:GetObject", "arn:aws:s3:::bucket/key", STRANGER, "denied"),
    ]


CASES = _cases()


def ask(case: Case, policies: dict[str, str], lacking: tuple[str, ...] = ()) -> Request:
    """The request through the endpoint of its service. `lacking` are condition keys AWS might not send."""
    who, action, resource, account, _ = case
    caller = "anonymous" if who == "anonymous" else who.split(":")[4]
    keys = {"aws:PrincipalAccount": caller, "aws:ResourceAccount": account, "aws:RequestedRegion": "us-east-1"}
    if who != "anonymous":
        keys["aws:PrincipalArn"] = who
    attached = None if resource == "*" or resource.startswith("arn:aws:ssm:us-east-1::") else text(OPEN)
    principal = who.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/i-1"
    return Request(
        principal="anonymous" if who == "anonymous" else principal,
        action=action,
        resource=resource,
        account=account if attached else caller,  # what has no account in its ARN: as if it were the caller's own
        context=tuple(sorted((key, value) for key, value in keys.items() if key not in lacking)),
        identity=() if who == "anonymous" else (EVERYTHING,),
        attached=attached,
        endpoint=policies[action.partition(":")[0]],
    )


@pytest.fixture(scope="module")
def policies() -> dict[str, str]:
    """The endpoint policies by the prefix of the actions they let through."""
    stack = Stack(build_vpc_endpoints().to_dict(), GIVEN, Place())
    found = {}
    for name in stack.of_type("AWS::EC2::VPCEndpoint"):
        service = str(stack.property(name, "ServiceName")).rpartition(".")[2]
        found[service] = text(stack.property(name, "PolicyDocument"))
    return found


@pytest.fixture(scope="module")
def answers(policies: dict[str, str]) -> dict[Case, Answer]:
    return dict(zip(CASES, decide([ask(case, policies) for case in CASES]), strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case))
def test_case(case: Case, answers: dict[Case, Answer]) -> None:
    assert answers[case].decision == case[-1], answers[case].why


def test_without_the_endpoint_every_denied_case_would_pass(policies: dict[str, str]) -> None:
    """The cases can fail: it is the endpoint's policy that denies them and nothing else."""
    wide = dict.fromkeys(policies, text(OPEN))
    denied = [case for case in CASES if case[-1] == "denied"]
    assert {answer.decision for answer in decide([ask(case, wide) for case in denied])} == {"allowed"}


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("ssm:UpdateInstanceInformation", f"arn:aws:ec2:{REGIONAL}:instance/i-0a1b2c3d", "allowed"),
        ("logs:DescribeLogGroups", "*", "allowed"),
        ("secretsmanager:GetSecretValue", SECRET.format(ACCOUNT), "denied"),
        ("s3:PutObject", "arn:aws:s3:::bucket/key", "denied"),
    ],
)
def test_a_call_without_its_resources_account(action: str, resource: str, expected: str, policies: Any) -> None:
    """The agent and the log are not locked out where AWS does not say whose the resource is; data does not leave."""
    case = (OWN_ROLE, action, resource, ACCOUNT, expected)
    assert decide([ask(case, policies, ("aws:ResourceAccount",))])[0].decision == expected


def test_packages_come_whether_or_not_a_caller_without_signature_has_an_account(policies: dict[str, str]) -> None:
    case = ("anonymous", "s3:GetObject", PACKAGES, AWS, "allowed")
    assert decide([ask(case, policies, ("aws:PrincipalAccount",))])[0].decision == "allowed"


def test_a_policy_names_its_own_service_only(policies: dict[str, str]) -> None:
    assert set(policies) == {service.name for service in SERVICES} | {"s3"}
    for service, policy in policies.items():
        assert set(_actions(policy)) == {service}, service


def _actions(policy: str) -> list[str]:
    import json

    listed = [statement["Action"] for statement in json.loads(policy)["Statement"]]
    return [each.partition(":")[0] for one in listed for each in (one if isinstance(one, list) else [one])]
