"""Required parameters that nobody gave: which ones, and a value for each from the caller."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from generator.errors import UsageError
from generator.gateway.aws import Gateway
from generator.model.network import PublicSubnet
from generator.model.parameter_options import PARAMETERS, REQUIRED, option
from generator.model.stack import Stack
from generator.model.up import Choice, UpCaller, UpRequest


def missing(required: Collection[str], given: Mapping[str, str], stack: Stack | None) -> list[str]:
    """The required parameters that neither the user nor the stack provides, in the order given."""
    known = {} if stack is None or stack.status.only_planned else stack.parameters
    return [key for key in required if key not in given and key not in known]


def complete(gateway: Gateway, request: UpRequest, stack: Stack | None, caller: UpCaller) -> UpRequest:
    """The request with what is missing asked for. Raises Declined, and UsageError where nobody can be asked.

    That error names everything that is missing at once, with what the account has to choose from.
    """
    absent = missing(REQUIRED, request.given, stack)
    if absent and not caller.interactive:
        raise _not_given(gateway, absent, request.given, stack)
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
    from generator.template.parameters import fits

    while not fits(key, typed := caller.value(key, ())):
        caller.say(f"  {typed} cannot be this value.")
    return typed


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


def _not_given(gateway: Gateway, absent: Sequence[str], given: Mapping[str, str], stack: Stack | None) -> UsageError:
    """What to say where nobody can be asked: every option, and what there is for it; and that there is no such stack,
    for whoever meant one that exists. Raises as `_offered`."""
    some = "values" if len(absent) > 1 else "a value"
    offers = [line for key in absent for line in _offer(gateway, key, given)]
    needs, give = f"needs {some} for {_listed(absent)}.", f"ive {_listed([option(key) for key in absent])}."
    name, region = gateway.deployment.stack_name, gateway.region or "this region"
    return UsageError(
        f"There is no stack {name} in {region} of this account, and a new one {needs}"
        if stack is None
        else f"The stack {needs}",
        "\n".join([f"Check --stack-name, or to create it g{give}" if stack is None else f"G{give}", *offers]),
        code="missing-parameter",
    )


def _offer(gateway: Gateway, key: str, given: Mapping[str, str]) -> list[str]:
    """What the account has for a parameter, or what the parameter is; a subnet with its VPC where none is chosen."""
    if key == "VpcId":
        vpcs = _offered(gateway.ec2.describe_vpcs(), "VPC")
        return ["VPCs of this account and region:", *(f"    {vpc.label}" for vpc in vpcs)]
    if key == "SubnetId":
        subnets = gateway.ec2.describe_subnets(given.get("VpcId"))
        _offered(subnets, "subnet")
        labels = [each.label if "VpcId" in given else f"{each.label}  in {each.vpc_id}" for each in subnets]
        return ["Subnets, of which a private one is needed:", *(f"    {label}" for label in labels)]
    return [f"{option(key)}: {PARAMETERS[key].help}"]


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
