"""Connectivity from a subnet to AWS: doctor's checks, and the notes of `up` before it creates a stack there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from generator.cli.stack_text import subnet_lines
from generator.errors import AwsError
from generator.gateway.aws import Gateway
from generator.model.change_set import ChangeSet
from generator.model.command_line import CommandLine
from generator.model.diagnosis import Diagnosis, Verdict
from generator.model.instance import InstanceHealth
from generator.model.network import DefaultRoute, IngressRule, VpcEndpoint
from generator.model.up import UpPlan
from generator.model.vpc_endpoints import FOR_SESSIONS, FOR_THE_INSTALLATION
from generator.operations.connectivity import aws_route_checks, before_creation

NOWHERE = DefaultRoute("", "rtb-1", "10.0.0.0/16")
NAT = replace(NOWHERE, target="nat-1")
IGW = replace(NOWHERE, target="igw-1")
HEALTH = InstanceHealth("i-1", "running", "vpc-1", "subnet-1", private_ip="10.0.1.5", groups=("sg-client",))
OPEN = IngressRule("sg-1", 443, 443, ("10.0.0.0/16",))
GIVEN = {"VpcId": "vpc-1", "SubnetId": "subnet-1"}
CREATION = UpPlan("s", "id", True, cast(ChangeSet, object()), "token")


def interface(service: str, **more: Any) -> VpcEndpoint:
    made = VpcEndpoint(f"vpce-{service}", service, True, True, ("sg-1",))
    return replace(made, **more)


SESSIONS = [interface(service) for service in FOR_SESSIONS]
EVERYTHING = [*SESSIONS, *(interface(service) for service in FOR_THE_INSTALLATION)]


@dataclass
class Ec2:
    """EC2 as it answers, and what it was asked."""

    route: DefaultRoute
    endpoints: list[VpcEndpoint] = field(default_factory=list)
    ingress_rules: list[IngressRule] = field(default_factory=lambda: [OPEN])
    refuses: bool = False
    asked: list[str] = field(default_factory=list)

    def describe_default_route(self, vpc_id: str, subnet_id: str) -> DefaultRoute:
        self.asked.append("routes")
        if self.refuses:
            raise AwsError("You may not look at routes.")
        return self.route

    def describe_vpc_endpoints(self, vpc_id: str) -> list[VpcEndpoint]:
        self.asked.append("endpoints")
        return self.endpoints

    def describe_ingress_rules(self, groups: Any) -> list[IngressRule]:
        chosen = set(groups)
        return [opening for opening in self.ingress_rules if opening.group_id in chosen]

    @property
    def gateway(self) -> Gateway:
        return cast(Gateway, type("Gateway", (), {"ec2": self, "commands": CommandLine("s", "eu-west-1", "p")}))


def diagnoses(ec2: Ec2, health: InstanceHealth = HEALTH) -> list[Diagnosis]:
    return list(aws_route_checks(ec2.gateway, health))


@pytest.mark.parametrize(
    ("ec2", "health", "verdict", "words"),
    [
        (Ec2(NAT), HEALTH, Verdict.OK, "default route to nat-1"),
        (Ec2(IGW), replace(HEALTH, public_ip="1.2.3.4"), Verdict.OK, "default route to igw-1"),
        (
            Ec2(IGW),
            HEALTH,
            Verdict.MISSING,
            "only a default route to igw-1, which needs a public address, and no endpoint for ssm",
        ),
        (Ec2(NOWHERE, SESSIONS), HEALTH, Verdict.OK, "VPC endpoints ssm, ssmmessages, logs"),
        (Ec2(NOWHERE, SESSIONS[:2]), HEALTH, Verdict.MISSING, "no default route, and no endpoint for logs"),
        (
            Ec2(NOWHERE, [replace(each, interface=False) for each in SESSIONS]),
            HEALTH,
            Verdict.MISSING,
            "ssm, ssmmessages",
        ),
    ],
)
def test_the_aws_route_checks(ec2: Ec2, health: InstanceHealth, verdict: Verdict, words: str) -> None:
    first = diagnoses(ec2, health)[0]
    assert (first.subject, first.verdict) == ("route to AWS", verdict) and words in first.answer
    assert bool(first.hint) == (verdict is Verdict.MISSING)


def test_the_fix_is_a_stack_with_what_is_missing_only() -> None:
    hint = diagnoses(Ec2(NOWHERE, [interface("ssm")]))[0].hint
    assert hint.startswith(
        "deployer generate --template vpc-endpoints -o vpc-endpoints.yaml && aws cloudformation deploy"
    )
    assert "--stack-name deepsql-vpc-endpoints" in hint
    assert "VpcId=vpc-1 SubnetIds=subnet-1 ClientCidr=10.0.0.0/16 RouteTableIds=rtb-1 CreateSsmEndpoint=No" in hint


def test_an_s3_endpoint_of_the_table_is_not_made_twice() -> None:
    s3 = VpcEndpoint("vpce-s3", "s3", False, route_tables=("rtb-1",))
    assert "RouteTableIds" not in diagnoses(Ec2(NOWHERE, [s3]))[0].hint


def test_a_stack_of_endpoints_that_is_there_is_added_to_and_loses_nothing() -> None:
    hint = diagnoses(Ec2(NOWHERE, [replace(each, stack="ours") for each in SESSIONS[:2]]))[0].hint
    assert "--stack-name ours " in hint and "--parameter-overrides CreateLogsEndpoint=Yes --region" in hint


def test_an_endpoint_without_private_dns_is_told_to_have_it() -> None:
    hint = diagnoses(Ec2(NOWHERE, [*SESSIONS[:2], interface("logs", private_dns=False)]))[0].hint
    modify = "aws ec2 modify-vpc-endpoint --vpc-endpoint-id vpce-logs --private-dns-enabled"
    assert hint == f"{modify} --region eu-west-1 --profile p"


def test_endpoints_alone_are_said_not_to_reach_the_internet() -> None:
    note = diagnoses(Ec2(NOWHERE, SESSIONS))[1]
    assert note.verdict is Verdict.NOTE and "installer" in note.answer and "without-nat.md" in note.hint


ELSEWHERE = replace(OPEN, cidrs=("10.9.0.0/16",))


def test_endpoints_that_do_not_let_the_instance_in_are_wrong_even_beside_a_route() -> None:
    [_, closed] = diagnoses(Ec2(NAT, SESSIONS[:2], ingress_rules=[ELSEWHERE]))
    assert (closed.subject, closed.verdict) == (
        "endpoints",
        Verdict.MISSING,
    ) and "of ssm, ssmmessages does" in closed.answer
    assert closed.hint.endswith("--source-group sg-client --region eu-west-1 --profile p")


def test_a_stack_of_endpoints_is_told_of_the_client_and_not_changed_beside_itself() -> None:
    [_, closed] = diagnoses(Ec2(NAT, [interface("ssm", stack="ours")], ingress_rules=[ELSEWHERE]))
    assert "--stack-name ours" in closed.hint
    assert "--parameter-overrides ClientSecurityGroupId=sg-client --region" in closed.hint


def test_doctor_is_told_of_a_refusal() -> None:
    with pytest.raises(AwsError):
        diagnoses(Ec2(NOWHERE, refuses=True))


@pytest.mark.parametrize(
    ("ec2", "asked", "words"),
    [
        (Ec2(NAT), ["routes"], ""),
        (
            Ec2(NOWHERE, EVERYTHING),
            ["routes", "endpoints"],
            "subnet-1 has no default route. Endpoints do not reach DeepSQL's installer",
        ),
        (Ec2(NOWHERE, SESSIONS), ["routes", "endpoints"], "no endpoint for secretsmanager, cloudformation"),
        (Ec2(IGW), ["routes", "endpoints"], "next: another --subnet-id, or: deployer generate"),
        (Ec2(NOWHERE, refuses=True), ["routes"], "Could not check whether subnet-1 has a route"),
    ],
)
def test_before_a_creation(ec2: Ec2, asked: list[str], words: str) -> None:
    shown = "\n".join(subnet_lines(before_creation(ec2.gateway, CREATION, GIVEN)))
    assert ec2.asked == asked
    assert words in shown and bool(shown) == bool(words)


@pytest.mark.parametrize("plan", [replace(CREATION, creates=False), replace(CREATION, change_set=None)])
def test_an_update_asks_nothing(plan: UpPlan) -> None:
    ec2 = Ec2(NOWHERE)
    assert before_creation(ec2.gateway, plan, {}) is None and ec2.asked == []
