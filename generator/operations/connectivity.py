"""Connectivity from a subnet to AWS, by a default route or VPC endpoints: what is missing, and how to fix it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.model.command_line import CommandLine
from generator.model.diagnosis import Diagnosis, Verdict
from generator.model.instance import InstanceHealth
from generator.model.network import DefaultRoute, IngressRule, SubnetWarning, VpcEndpoint
from generator.model.up import UpPlan
from generator.model.vpc_endpoints import (
    DEFAULT_STACK_NAME,
    FOR_SESSIONS,
    FOR_THE_INSTALLATION,
    NO_INTERNET,
    SERVICES,
    WITHOUT_NAT,
    Parameter,
)

HTTPS = 443
FILE = "vpc-endpoints.yaml"


def aws_route_checks(gateway: Gateway, health: InstanceHealth) -> Iterator[Diagnosis]:
    """How an instance reaches AWS, for doctor: two calls, three if there are endpoints. Raises AwsError."""
    route = gateway.ec2.describe_default_route(health.vpc_id, health.subnet_id)
    endpoints = gateway.ec2.describe_vpc_endpoints(health.vpc_id)
    routed = route.serves(public_address=bool(health.public_ip))
    absent = missing(FOR_SESSIONS, endpoints)
    if routed:
        yield Diagnosis("route to AWS", Verdict.OK, f"default route to {route.target}")
    elif absent:
        answer = f"{_no_route(route)}, and no endpoint for {', '.join(absent)}"
        hint = remediation(health.vpc_id, health.subnet_id, route, endpoints, FOR_SESSIONS, gateway.commands)
        yield Diagnosis("route to AWS", Verdict.MISSING, answer, hint)
    else:
        yield Diagnosis("route to AWS", Verdict.OK, f"VPC endpoints {', '.join(FOR_SESSIONS)}")
        yield Diagnosis("internet access", Verdict.NOTE, f"{_no_route(route)}. {NO_INTERNET}", f"See {WITHOUT_NAT}")
    yield from _blocked_endpoints(gateway, health, endpoints)


def before_creation(gateway: Gateway, plan: UpPlan, given: Mapping[str, str]) -> SubnetWarning | None:
    """What to warn of before a stack is created in a subnet without a route to AWS; None where it has one.

    One call if there is a route, two if not; none for an update.
    """
    if not plan.creates or plan.change_set is None:
        return None
    vpc, subnet = given.get("VpcId", ""), given.get("SubnetId", "")
    try:
        route = gateway.ec2.describe_default_route(vpc, subnet)
        if route.serves(public_address=False):
            return None
        endpoints = gateway.ec2.describe_vpc_endpoints(vpc)
    except DeployerError as error:  # nothing here may stop a plan that has been made
        return SubnetWarning(subnet, unchecked=error.message)
    needed = (*FOR_SESSIONS, *FOR_THE_INSTALLATION)
    absent = missing(needed, endpoints)
    if not absent:
        return SubnetWarning(subnet, _no_route(route))
    fix = remediation(vpc, subnet, route, endpoints, needed, gateway.commands)
    return SubnetWarning(subnet, _no_route(route), tuple(absent), fix, bool(route.target))


def missing(needed: Sequence[str], endpoints: Sequence[VpcEndpoint]) -> list[str]:
    """The services among `needed` without an interface endpoint that has private DNS."""
    covered = {each.service for each in endpoints if each.interface and each.private_dns}
    return [service for service in needed if service not in covered]


def remediation(
    vpc_id: str,
    subnet_id: str,
    route: DefaultRoute,
    endpoints: Sequence[VpcEndpoint],
    needed: Sequence[str],
    commands: CommandLine,
) -> str:
    """The command that adds what is missing, to an existing stack of endpoints or as a new one.

    A new stack leaves out what the VPC has already, since there can be only one endpoint with private DNS per service.
    """
    without_dns = [each for each in endpoints if each.interface and not each.private_dns and each.service in needed]
    if without_dns:
        return "; ".join(
            commands.aws("ec2", "modify-vpc-endpoint", "--vpc-endpoint-id", each.endpoint_id, "--private-dns-enabled")
            for each in without_dns
        )
    stack = next((each.stack for each in endpoints if each.stack), "")
    values = _additions(needed, endpoints) if stack else _new_stack(vpc_id, subnet_id, route, endpoints)
    return _deploy(stack or DEFAULT_STACK_NAME, values, commands)


def _deploy(stack: str, values: Mapping[str, str], commands: CommandLine) -> str:
    """Other parameters keep their values: `deploy` uses the stack's own for the rest."""
    named = ("cloudformation", "deploy", "--stack-name", stack, "--template-file", FILE)
    overrides = ("--parameter-overrides", *(f"{key}={value}" for key, value in values.items()))
    return f"deployer generate --template vpc-endpoints -o {FILE} && {commands.aws(*named, *overrides)}"


def _additions(needed: Sequence[str], endpoints: Sequence[VpcEndpoint]) -> dict[str, str]:
    absent = missing(needed, endpoints)
    return {service.parameter: "Yes" for service in SERVICES if service.name in absent}


def _new_stack(vpc_id: str, subnet_id: str, route: DefaultRoute, endpoints: Sequence[VpcEndpoint]) -> dict[str, str]:
    existing = {each.service for each in endpoints if each.interface}
    values = {
        Parameter.VPC_ID: vpc_id,
        Parameter.SUBNET_IDS: subnet_id,
        Parameter.CLIENT_CIDR: route.cidr or "THE_VPCS_RANGE",
    }
    if not any(each.service == "s3" and route.table_id in each.route_tables for each in endpoints):
        values[Parameter.ROUTE_TABLE_IDS] = route.table_id
    left_out = {service.parameter: "No" for service in SERVICES if service.wanted and service.name in existing}
    return {**{str(key): value for key, value in values.items()}, **left_out}


def _no_route(route: DefaultRoute) -> str:
    if route.target:
        return f"only a default route to {route.target}, which needs a public address"
    return "no default route"


def _blocked_endpoints(
    gateway: Gateway, health: InstanceHealth, endpoints: Sequence[VpcEndpoint]
) -> Iterator[Diagnosis]:
    """Endpoints that DNS resolves to, with or without a route, whose security groups do not allow the instance."""
    used = [each for each in endpoints if each.service in FOR_SESSIONS and each.interface and each.private_dns]
    ingress_rules = gateway.ec2.describe_ingress_rules(group for each in used for group in each.groups)
    remediations: dict[str, list[VpcEndpoint]] = {}
    for each in used:
        if each.groups and health.groups and not _open_to(health, each, ingress_rules):
            remediations.setdefault(_allowance(each, health.groups[0], gateway.commands), []).append(each)
    for hint, blocked in remediations.items():
        services, ids = (", ".join(names) for names in zip(*((e.service, e.endpoint_id) for e in blocked), strict=True))
        answer = f"the security group of {services} does not allow the instance ({ids}), and private DNS resolves to it"
        yield Diagnosis("endpoints", Verdict.MISSING, answer, hint)


def _allowance(endpoint: VpcEndpoint, client: str, commands: CommandLine) -> str:
    if endpoint.stack:
        return _deploy(endpoint.stack, {Parameter.CLIENT_SECURITY_GROUP_ID: client}, commands)
    words = ("--group-id", endpoint.groups[0], "--protocol", "tcp", "--port", str(HTTPS), "--source-group", client)
    return commands.aws("ec2", "authorize-security-group-ingress", *words)


def _open_to(health: InstanceHealth, endpoint: VpcEndpoint, ingress_rules: Sequence[IngressRule]) -> bool:
    own = (opening for opening in ingress_rules if opening.group_id in endpoint.groups)
    return any(opening.lets_in(HTTPS, health.private_ip, health.groups) for opening in own)
