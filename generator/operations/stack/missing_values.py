"""Required parameters that nobody gave: which ones, and a value for each from the caller."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from generator.errors import UsageError
from generator.gateway.aws import Gateway
from generator.model.network import PublicSubnet
from generator.model.parameter_options import REQUIRED
from generator.model.stack import Stack
from generator.model.up import Choice, UpCaller, UpRequest


def missing(required: Collection[str], given: Mapping[str, str], stack: Stack | None) -> list[str]:
    """The required parameters that neither the user nor the stack provides, in the order given."""
    known = {} if stack is None or stack.status.only_planned else stack.parameters
    return [key for key in required if key not in given and key not in known]


def complete(gateway: Gateway, request: UpRequest, stack: Stack | None, caller: UpCaller) -> UpRequest:
    """The request with what is missing asked for. Raises UsageError where nobody can be asked, and Declined."""
    absent = missing(REQUIRED, request.given, stack)
    if absent and stack is None:
        caller.say(f"There is no stack {gateway.deployment.stack_name} {gateway.location()} yet: this creates it.")
    given = dict(request.given)
    for key in absent:
        given[key] = _value(gateway, key, given, caller)
    return replace(request, given=given) if absent else request


def _value(gateway: Gateway, key: str, given: Mapping[str, str], caller: UpCaller) -> str:
    if key == "VpcId":
        return caller.value(key, _offered(gateway.ec2.describe_vpcs(), "VPC"))
    if key == "SubnetId":
        return _subnet(gateway, key, given, caller)
    return caller.value(key, ())


def _subnet(gateway: Gateway, key: str, given: Mapping[str, str], caller: UpCaller) -> str:
    subnets = gateway.ec2.describe_subnets(given.get("VpcId"))
    chosen = caller.value(key, _offered(subnets, "subnet"))
    if any(subnet.is_public for subnet in subnets if subnet.subnet_id == chosen):
        caller.show(PublicSubnet(chosen))
        caller.confirm(PublicSubnet(chosen))
    return chosen


def _offered(choices: Sequence[Choice], noun: str) -> Sequence[Choice]:
    """The choices. Raises UsageError where the account has none."""
    if not choices:
        raise UsageError(
            f"This account and region have no {noun} to put the instance in.", "Choose another --region or --vpc-id."
        )
    return choices
