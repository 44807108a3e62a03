"""Asking for required parameters that nobody gave, with what the account offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from generator.cli.invocation import Invocation
from generator.errors import UsageError
from generator.model.parameter_options import PARAMETERS, REQUIRED

if TYPE_CHECKING:
    from generator.model.stack import Stack
    from generator.model.up import UpRequest


class Choice(Protocol):
    """Something in the account that can be chosen, described on one line."""

    @property
    def label(self) -> str:
        """The line; its first word is the ID."""
        ...


def complete(call: Invocation, request: UpRequest, stack: Stack | None) -> UpRequest:
    """The request with what was missing asked for. Raises UsageError with the list where nobody can be asked."""
    from generator.operations.stack.plan import missing

    absent = missing(REQUIRED, request.given, stack)
    if absent and stack is None:
        call.say(f"There is no stack {call.stack_name} {call.location} yet: this creates it.")
    given = dict(request.given)
    for key in absent:
        given[key] = _value(call, key, given)
    return replace(request, given=given) if absent else request


def _value(call: Invocation, key: str, given: dict[str, str]) -> str:
    if key == "VpcId":
        return _pick(call, key, call.gateway.ec2.describe_vpcs(), "VPC")
    if key == "SubnetId":
        return _subnet(call, key, given)
    if not call.interactive:
        raise _missing(key, [])
    while not (answer := call.ask(PARAMETERS[key].help.removesuffix(".") + ":")):
        call.say("  A value is required.")
    return answer


def _subnet(call: Invocation, key: str, given: dict[str, str]) -> str:
    subnets = call.gateway.ec2.describe_subnets(given.get("VpcId"))
    picked = _pick(call, key, subnets, "subnet")
    if any(subnet.is_public for subnet in subnets if subnet.subnet_id == picked):
        call.say("  That subnet is public. The instance gets no public address, so it would have no internet access:")
        call.say("  it needs a private subnet with a NAT gateway or VPC endpoints.")
        call.confirm_action(f"Put the instance into the subnet {picked} anyway")
    return picked


def _pick(call: Invocation, key: str, choices: Sequence[Choice], noun: str) -> str:
    if not choices:
        raise UsageError(
            f"This account and region have no {noun} to put the instance in.", "Choose another --region or --vpc-id."
        )
    labels = [choice.label for choice in choices]
    if not call.interactive:
        raise _missing(key, labels)
    return labels[choose(call, noun, labels)].split()[0]


def choose(call: Invocation, noun: str, labels: Sequence[str]) -> int:
    """Have a person pick one by its number or its id, a label's first word. Asks until the answer is in the list."""
    for number, label in enumerate(labels, 1):
        call.say(f"  {number:>2}  {label}")
    names = {name: at for at, label in enumerate(labels) for name in (str(at + 1), label.split()[0])}
    while (answer := call.ask(f"Which {noun}? (number or id)", "1")) not in names:
        call.say(f"  {answer} is not in this list.")
    return names[answer]


def _missing(key: str, labels: list[str]) -> UsageError:
    option = PARAMETERS[key].option
    offered = "Available in this account:\n    " + "\n    ".join(labels) if labels else PARAMETERS[key].help
    return UsageError(f"The stack needs a value for {key}.", f"Give {option}. {offered}", code="missing-parameter")
