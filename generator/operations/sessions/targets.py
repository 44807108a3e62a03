"""From what was typed to one instance: an id, a private address, a Name tag, or nothing for the stack's own."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from generator.errors import AwsError, DeployerError, NotFound, StackNotFound, UsageError
from generator.gateway.aws import Gateway
from generator.model.contract import TAG_KEY, TAG_VALUE, Output
from generator.model.deployment import DEFAULT_STACK_NAME
from generator.model.resource_state import broken_instance
from generator.model.session import Target, is_instance_id
from generator.model.stack import Stack

Choose = Callable[[Sequence[Target]], Target | None]
"""Lets a person choose; None where nobody can be asked."""


@dataclass(frozen=True)
class StackView:
    """The stack as this caller sees it: there, not there, or (as for support) not to be read."""

    stack: Stack | None = None
    denied: bool = False
    unreached: str = ""
    """Why it was not looked at where CloudFormation did not answer; it then counts as not to be read."""


def view_stack(gateway: Gateway, target: str = "", document: str = "") -> StackView:
    """Look at the deployment's stack.

    With the ID of an instance as `target` it has only names of documents to give: with `document` given too, it is not
    looked at, and out of reach it counts as not to be read, which `gateway.notify` is told.
    """
    if is_instance_id(target) and document:
        return StackView(denied=True)
    try:
        return StackView(gateway.cloudformation.find_stack(gateway.deployment.stack_name))
    except DeployerError as error:
        if isinstance(error, AwsError) and error.denied:
            return StackView(denied=True)
        if not is_instance_id(target) or not _alone(error):
            raise
        name = gateway.deployment.stack_name
        gateway.notify(f"The stack {name} could not be looked at: {error.message}")
        gateway.notify("Going on with documents of the usual names; --document NAME takes another.")
        return StackView(denied=True, unreached=error.message)


def _alone(error: DeployerError) -> bool:
    """Whether it may be CloudFormation alone that does not answer: without credentials that AWS knows, or a region, no
    service would."""
    return not error.unauthenticated if isinstance(error, AwsError) else error.transient


def find_target(gateway: Gateway, text: str, seen: StackView, choose: Choose) -> Target:
    """The instance meant by `text`. An id is taken as it is, without a call.

    Raises NotFound; UsageError when several fit and nobody can choose.
    """
    if text in ("", "."):
        return _own(gateway, seen, choose)
    if is_instance_id(text):
        return Target(text)
    targets = gateway.ec2.find_targets(**_filters(text))
    if not targets:
        raise NotFound(
            f"There is no instance {text} in {gateway.region or 'this region'}.",
            "Give an instance ID, a Name tag or a private address; check --region and --profile.",
            code="target-not-found",
        )
    return _one(gateway, targets, f"{text} is the name of", choose)


def _own(gateway: Gateway, seen: StackView, choose: Choose) -> Target:
    """The stack's instance; where no stack was named and none is there or may be read, the one that has the tag."""
    name = gateway.deployment.stack_name
    if seen.stack and (instance_id := seen.stack.outputs.get(Output.INSTANCE_ID)):
        return Target(instance_id)
    if not seen.denied and not seen.stack and name != DEFAULT_STACK_NAME:
        raise StackNotFound(  # a name with a typing error must not lead onto another stack's instance
            f"There is no stack {name} in {gateway.region or 'this region'} of this account.",
            "Check --stack-name, --region and --profile, or name the instance.",
        )
    targets = gateway.ec2.find_targets(**{f"tag_{TAG_KEY}": TAG_VALUE})
    if not targets:
        raise StackNotFound(
            f"There is no stack {name} that can be read here, and no instance tagged {TAG_KEY}={TAG_VALUE}.",
            "Name the instance, or check --stack-name, --region and --profile.",
        )
    return _one(gateway, targets, f"The tag {TAG_KEY} is on", choose)


def _one(gateway: Gateway, targets: Sequence[Target], several: str, choose: Choose) -> Target:
    running = [target for target in targets if target.state == "running"]
    if len(running) == 1:
        return running[0]
    if not running:
        broken = broken_instance(targets[0].instance_id, targets[0].state, gateway.commands, None)
        if broken is None:
            return targets[0]  # it is about to run: Systems Manager says whether it can be reached
        raise NotFound(broken.sentence, broken.hint, code="target-not-running")
    if chosen := choose(running):
        return chosen
    listed = "\n    ".join(target.label for target in running)
    raise UsageError(
        f"{several} {len(running)} instances.", f"Name one by its ID:\n    {listed}", code="target-ambiguous"
    )


def _filters(text: str) -> dict[str, str]:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return {"private_dns_name": text} if _is_dns(text) else {"tag_Name": text}
    return {"private_ip_address": text}


def _is_dns(text: str) -> bool:
    return text.endswith(".internal") or (text.startswith("ip-") and "." in text)
