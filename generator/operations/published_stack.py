"""sandbox published: a stack of the vendor's published template in the sandbox, to try an adoption on."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from generator import sandbox as sandbox_room
from generator.errors import Refused
from generator.gateway.aws import Gateway
from generator.model.caller import Caller
from generator.model.change_set import ChangeSetRequest
from generator.model.deployment import Deployment
from generator.operations import sandbox
from generator.operations.clock import SYSTEM, Clock
from generator.operations.stack import change_set, watch

TEMPLATE = "published-stack.yaml"


@dataclass(frozen=True)
class PublishedStack:
    """A stack of the published template in the sandbox."""

    stack_name: str
    status: str


def published_stack(deployment: Deployment, caller: Caller, clock: Clock = SYSTEM) -> PublishedStack:
    """Create a stack of the published template in the sandbox, as the vendor's page has one launched from the console.

    It goes to the sandbox and nowhere else, whatever the shell points to. Raises NotFound where the sandbox is not
    running, Refused where it has such a stack already.
    """
    sandbox.enter()
    gateway = Gateway(Deployment(deployment.stack_name))
    _refuse_existing(gateway)
    token = watch.new_token(clock.now())
    request = ChangeSetRequest(deployment.stack_name, token, True, published_template(), _values(gateway))
    made = change_set.wait_for_change_set(gateway, change_set.create(gateway, request, deployment.stack_name), clock)
    gateway.cloudformation.execute_change_set(made.change_set_id, token)
    stack = gateway.cloudformation.describe_stack(deployment.stack_name)
    caller.events(watch.follow(gateway, stack.stack_id, token, clock))
    return PublishedStack(stack.name, gateway.cloudformation.describe_stack(stack.stack_id).status)


def published_template() -> str:
    """The vendor's published template, as far as an update can see it."""
    return (Path(sandbox_room.__file__).parent / TEMPLATE).read_text(encoding="utf-8")


def _refuse_existing(gateway: Gateway) -> None:
    stack = gateway.cloudformation.find_stack(gateway.deployment.stack_name)
    if stack is not None:
        raise Refused(
            f"The sandbox has a stack {stack.name} already.",
            f"Delete it: deployer --sandbox down --stack-name {stack.name}, or give another name: --stack-name NAME",
            code="stack-exists",
        )


def _values(gateway: Gateway) -> dict[str, str | None]:
    """What somebody types into the console, the sandbox's private subnet included."""
    subnet = gateway.ec2.describe_subnets()[0]
    return {
        "VpcId": subnet.vpc_id,
        "SubnetId": subnet.subnet_id,
        "AdminEmail": "admin@example.com",
        "AdminPassword": secrets.token_urlsafe(18),
        "SupportUserName": f"{gateway.deployment.stack_name}-support"[:64],
    }
