"""The way from a subnet to AWS, by a default route or by VPC endpoints: what is missing, and what mends it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.model.endpoints import DEFAULT_STACK_NAME, FOR_SESSIONS, FOR_THE_INSTALLATION, SERVICES, Parameter
from generator.model.health import Diagnosis, InstanceHealth, Verdict
from generator.model.network import Opening, RouteOut, VpcEndpoint
from generator.model.plan import UpPlan

HTTPS = 443
FILE = "vpc-endpoints.yaml"
INTERNET = "No endpoint leads to DeepSQL's installer, its container images and its language model"
PAGE = "docs/how-to/without-nat.md"


def way_out(gateway: Gateway, health: InstanceHealth) -> Iterator[Diagnosis]:
    """How an instance reaches AWS, for doctor: two calls, three where endpoints are used. Raises AwsError."""
    route = gateway.ec2.describe_route_out(health.vpc_id, health.subnet_id)
    endpoints = gateway.ec2.describe_vpc_endpoints(health.vpc_id)
    routed = route.serves(public_address=bool(health.public_ip))
    absent = missing(FOR_SESSIONS, endpoints)
    if routed:
        yield Diagnosis("way out", Verdict.GOOD, f"default route to {route.target}")
    elif absent:
        answer = f"{_no_route(route)}, and no endpoint for {', '.join(absent)}"
        hint = mend(health.vpc_id, health.subnet_id, route, endpoints, FOR_SESSIONS)
        yield Diagnosis("way out", Verdict.BAD, answer, hint)
    else:
        yield Diagnosis("way out", Verdict.GOOD, f"VPC endpoints {', '.join(FOR_SESSIONS)}")
        yield Diagnosis("way to the internet", Verdict.NOTE, f"{_no_route(route)}. {INTERNET}", f"See {PAGE}")
    yield from _closed(gateway, health, endpoints)


def before_creation(gateway: Gateway, plan: UpPlan, given: Mapping[str, str]) -> list[str]:
    """What to say before a stack is made in a subnet that evidently leads nowhere.

    One call where there is a route, two where there is none; none for an update.
    """
    if not plan.creates or plan.change_set is None:
        return []
    vpc, subnet = given.get("VpcId", ""), given.get("SubnetId", "")
    try:
        route = gateway.ec2.describe_route_out(vpc, subnet)
        if route.serves(public_address=False):
            return []
        endpoints = gateway.ec2.describe_vpc_endpoints(vpc)
    except DeployerError as error:  # nothing here may stop a plan that is made already
        return [f"  NOTE  Could not look whether {subnet} has a way to Systems Manager: {error.message}"]
    needed = (*FOR_SESSIONS, *FOR_THE_INSTALLATION)
    absent = missing(needed, endpoints)
    if not absent:
        return [f"  NOTE  {subnet} has {_no_route(route)}. {INTERNET}:", f"        {PAGE} says what to do."]
    another = "another --subnet-id, or: " if route.target else ""
    return [
        f"  NOTE  {subnet} has {_no_route(route)}, and its VPC no endpoint for {', '.join(absent)}.",
        "        Nobody could reach the instance, and after half an hour the stack would be taken back.",
        f"        Endpoints mend that. {INTERNET}: {PAGE}",
        f"  next: {another}{mend(vpc, subnet, route, endpoints, needed)}",
    ]


def missing(needed: Sequence[str], endpoints: Sequence[VpcEndpoint]) -> list[str]:
    """The services among `needed` that no interface endpoint with private DNS answers for."""
    answered = {each.service for each in endpoints if each.interface and each.private_dns}
    return [service for service in needed if service not in answered]


def mend(vpc_id: str, subnet_id: str, route: RouteOut, endpoints: Sequence[VpcEndpoint], needed: Sequence[str]) -> str:
    """The command that adds what is missing: to a stack of endpoints that is there, or as a new one.

    In a new stack whatever the VPC has already is left out, since its private DNS can be there once only.
    """
    silent = [each for each in endpoints if each.interface and not each.private_dns and each.service in needed]
    if silent:
        return "; ".join(
            f"aws ec2 modify-vpc-endpoint --vpc-endpoint-id {each.endpoint_id} --private-dns-enabled" for each in silent
        )
    stack = next((each.stack for each in endpoints if each.stack), "")
    values = _more(needed, endpoints) if stack else _anew(vpc_id, subnet_id, route, endpoints)
    return _deploy(stack or DEFAULT_STACK_NAME, values)


def _deploy(stack: str, values: Mapping[str, str]) -> str:
    """What is not among the values stays as it is: `deploy` takes a stack's own for the rest."""
    return (
        f"deployer generate --template vpc-endpoints -o {FILE} && aws cloudformation deploy --stack-name {stack}"
        f" --template-file {FILE} --parameter-overrides {' '.join(f'{key}={value}' for key, value in values.items())}"
    )


def _more(needed: Sequence[str], endpoints: Sequence[VpcEndpoint]) -> dict[str, str]:
    absent = missing(needed, endpoints)
    return {service.parameter: "Yes" for service in SERVICES if service.name in absent}


def _anew(vpc_id: str, subnet_id: str, route: RouteOut, endpoints: Sequence[VpcEndpoint]) -> dict[str, str]:
    there = {each.service for each in endpoints if each.interface}
    values = {
        Parameter.VPC_ID: vpc_id,
        Parameter.SUBNET_IDS: subnet_id,
        Parameter.CLIENT_CIDR: route.cidr or "THE_VPCS_RANGE",
    }
    if not any(each.service == "s3" and route.table_id in each.route_tables for each in endpoints):
        values[Parameter.ROUTE_TABLE_IDS] = route.table_id
    left_out = {service.parameter: "No" for service in SERVICES if service.wanted and service.name in there}
    return {**{str(key): value for key, value in values.items()}, **left_out}


def _no_route(route: RouteOut) -> str:
    if route.target:
        return f"only a default route to {route.target}, which takes public addresses"
    return "no default route"


def _closed(gateway: Gateway, health: InstanceHealth, endpoints: Sequence[VpcEndpoint]) -> Iterator[Diagnosis]:
    """Endpoints the instance is led to by DNS, route or no route, and whose security groups do not let it in."""
    used = [each for each in endpoints if each.service in FOR_SESSIONS and each.interface and each.private_dns]
    openings = gateway.ec2.describe_openings(group for each in used for group in each.groups)
    mends: dict[str, list[VpcEndpoint]] = {}
    for each in used:
        if each.groups and health.groups and not _open_to(health, each, openings):
            mends.setdefault(_opened(each, health.groups[0]), []).append(each)
    for hint, closed in mends.items():
        services, ids = (", ".join(names) for names in zip(*((e.service, e.endpoint_id) for e in closed), strict=True))
        answer = f"the security group of {services} does not let the instance in ({ids}); private DNS leads there only"
        yield Diagnosis("endpoints", Verdict.BAD, answer, hint)


def _opened(endpoint: VpcEndpoint, client: str) -> str:
    if endpoint.stack:
        return _deploy(endpoint.stack, {Parameter.CLIENT_SECURITY_GROUP_ID: client})
    return (
        f"aws ec2 authorize-security-group-ingress --group-id {endpoint.groups[0]} --protocol tcp --port {HTTPS}"
        f" --source-group {client}"
    )


def _open_to(health: InstanceHealth, endpoint: VpcEndpoint, openings: Sequence[Opening]) -> bool:
    own = (opening for opening in openings if opening.group_id in endpoint.groups)
    return any(opening.lets_in(HTTPS, health.private_ip, health.groups) for opening in own)
