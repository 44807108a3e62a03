"""init: ask where to work and what the stack needs, store the answers as defaults, and run the first `up`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace

from generator.errors import Refused, UsageError
from generator.gateway.aws import Gateway
from generator.model.config import key_named
from generator.model.contract import Parameter
from generator.model.deployment import DEFAULT_STACK_NAME, Deployment
from generator.model.first_up import DefaultsPlan, FirstUpCaller
from generator.model.up import UpPlan, UpRequest, UpResult
from generator.operations.clock import SYSTEM, Clock
from generator.operations.config.paths import user_path
from generator.operations.config.store import set_default
from generator.operations.stack.up import up

CREDENTIALS = "AWS_ACCESS_KEY_ID"
SUPPORT: dict[str, dict[str, str]] = {
    "user  an IAM user, whose key is in a secret that you share with the vendor": {
        Parameter.CREATE_SUPPORT_USER: "Yes"
    },
    "role  a role, which the vendor's account assumes": {
        Parameter.CREATE_SUPPORT_USER: "No",
        Parameter.CREATE_SUPPORT_ROLE: "Yes",
    },
    "none  for now": {Parameter.CREATE_SUPPORT_USER: "No"},
}


def first_up(
    deployment: Deployment, caller: FirstUpCaller, opened: Callable[[Deployment], Gateway], clock: Clock = SYSTEM
) -> UpPlan | UpResult:
    """Create the first stack from answers; return it as it is afterwards.

    What the deployment says already is not asked. `opened` gives the gateway of a deployment. Nothing is stored or
    created that was not agreed to. Raises UsageError where nobody can be asked, Refused where the stack exists, and the
    rest as `up`.
    """
    _require_person(caller)
    placed = _with_region(_with_profile(deployment, caller, opened), caller, opened)
    placed = replace(placed, stack_name=_stack_name(placed, caller))
    gateway = opened(placed)
    _refuse_existing(gateway)
    _offer_to_store(gateway, caller)
    return up(gateway, UpRequest(given=_support(caller)), caller, clock)


def _require_person(caller: FirstUpCaller) -> None:
    if not caller.interactive:
        raise UsageError(
            "init asks questions, and there is no terminal to ask at.",
            "Without questions: deployer config set region REGION, then deployer up with its options.",
            code="needs-terminal",
        )


def _with_profile(deployment: Deployment, caller: FirstUpCaller, opened: Callable[[Deployment], Gateway]) -> Deployment:
    """The deployment with a profile, where there are several and nothing says which."""
    if deployment.profile or os.environ.get(CREDENTIALS):
        return deployment
    profiles = opened(deployment).profiles
    if len(profiles) < 2:
        return deployment
    return replace(deployment, profile=caller.pick("profile", sorted(profiles, key=lambda name: name != "default")))


def _with_region(deployment: Deployment, caller: FirstUpCaller, opened: Callable[[Deployment], Gateway]) -> Deployment:
    if deployment.region:
        return deployment
    gateway = opened(deployment)
    regions = gateway.regions
    while (typed := caller.ask("Region:", gateway.region)) not in regions:
        alike = [region for region in regions if typed and typed in region] or regions
        caller.say(f"  {typed or 'Nothing'} is no region. There are: {', '.join(alike)}.")
    return replace(deployment, region=typed)


def _stack_name(deployment: Deployment, caller: FirstUpCaller) -> str:
    if deployment.stack_name != DEFAULT_STACK_NAME:
        return deployment.stack_name
    while True:
        typed = caller.ask("Name of the stack:", DEFAULT_STACK_NAME)
        try:
            return str(key_named("stack-name").parse(typed))
        except UsageError as error:
            caller.say(f"  {error.message} {error.hint}")


def _refuse_existing(gateway: Gateway) -> None:
    stack = gateway.cloudformation.find_stack(gateway.deployment.stack_name)
    if stack is not None and not stack.status.only_planned:
        raise Refused(
            f"The stack {stack.name} exists already {gateway.location()}: there is nothing to begin.",
            f"Look at it: {gateway.commands.deployer('status')}",
            code="stack-exists",
        )


def _offer_to_store(gateway: Gateway, caller: FirstUpCaller) -> None:
    """Store where to work, if the person agrees; every later command then needs no options."""
    values = _defaults(gateway.deployment)
    if caller.agrees(DefaultsPlan(str(user_path()), dict(values), gateway.only_sandbox)):
        for name, value in values.items():
            set_default(name, value)


def _defaults(deployment: Deployment) -> Mapping[str, str]:
    named = {"profile": deployment.profile, "region": deployment.region, "stack-name": deployment.stack_name}
    return {name: value for name, value in named.items() if value}


def _support(caller: FirstUpCaller) -> Mapping[str, str]:
    """The parameters for whom the vendor's support will come as. Neither may do anything before a grant."""
    caller.say("The vendor's support gets in only while you grant it access. It can come as:")
    return SUPPORT[caller.pick("identity", list(SUPPORT))]
