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
from generator.model.names import is_name
from generator.model.stack import Stack
from generator.model.up import UpPlan, UpRequest, UpResult
from generator.operations.clock import SYSTEM, Clock
from generator.operations.config.paths import user_path
from generator.operations.config.store import set_default
from generator.operations.stack import states
from generator.operations.stack.failed_stack import RECREATABLE
from generator.operations.stack.up import up

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
    placed = _with_stack_name(placed, caller, opened)
    gateway = opened(placed)
    _refuse_existing(gateway)
    caller.once_confirmed(_storing(gateway, caller))
    return up(gateway, UpRequest(given=_support(caller)), caller, clock)


def _require_person(caller: FirstUpCaller) -> None:
    if caller.interactive:
        return
    why = "--yes leaves nothing to ask" if caller.answered else "there is no terminal to ask at"
    raise UsageError(
        f"init asks questions, and {why}.",
        "Without questions: deployer config set region REGION, then deployer up with its options.",
        code="needs-terminal",
    )


def _with_profile(deployment: Deployment, caller: FirstUpCaller, opened: Callable[[Deployment], Gateway]) -> Deployment:
    """The deployment with a profile, where there are several and nothing says which."""
    if deployment.profile or any(os.environ.get(name) for name in key_named("profile").variables):
        return deployment
    profiles = opened(deployment).profiles
    if len(profiles) < 2:
        return deployment
    return replace(deployment, profile=caller.pick("profile", sorted(profiles, key=lambda name: name != "default")))


def _with_region(deployment: Deployment, caller: FirstUpCaller, opened: Callable[[Deployment], Gateway]) -> Deployment:
    if deployment.region:
        return deployment
    gateway, refused = opened(deployment), ""
    while not _is_region(typed := caller.ask("Region:", gateway.region), deployment, opened) and typed != refused:
        refused = typed if is_name("region", typed) else ""
        alike = [region for region in gateway.regions if typed and typed in region] or gateway.regions
        known = f"There are: {', '.join(alike)}." + (" If it is a newer one, type it again." if refused else "")
        caller.say(f"  {typed or 'Nothing'} is no region that this version knows. {known}")
    return replace(deployment, region=typed)


def _is_region(typed: str, deployment: Deployment, opened: Callable[[Deployment], Gateway]) -> bool:
    """Whether it is a region of any partition, as botocore knows them."""
    if not is_name("region", typed):
        return False
    try:
        return typed in opened(replace(deployment, region=typed)).regions
    except UsageError:  # no partition has such names
        return False


def _with_stack_name(
    deployment: Deployment, caller: FirstUpCaller, opened: Callable[[Deployment], Gateway]
) -> Deployment:
    """The deployment with a name that no stack has, unless one was given."""
    if deployment.stack_name != DEFAULT_STACK_NAME:
        return deployment
    while True:
        named = replace(deployment, stack_name=caller.ask("Name of the stack:", DEFAULT_STACK_NAME))
        try:
            key_named("stack-name").parse(named.stack_name)
        except UsageError as error:
            caller.say(f"  {error.message} {error.hint}")
            continue
        gateway = opened(named)
        stack = _existing(gateway)
        if stack is None:
            return named
        again = f"create it again with {gateway.commands.deployer('up', '--recreate')}, or "
        failed = again if _failed(stack) else ""
        caller.say(f"  The stack {stack.name} exists already and is {stack.status}: {failed}type another name.")


def _existing(gateway: Gateway) -> Stack | None:
    """The stack of that name, unless it was only planned."""
    stack = gateway.cloudformation.find_stack(gateway.deployment.stack_name)
    return None if stack is None or stack.status.only_planned else stack


def _failed(stack: Stack) -> bool:
    """Whether its creation failed: it can be created again, and nothing else can be done with it but remove it."""
    return stack.status in RECREATABLE


def _refuse_existing(gateway: Gateway) -> None:
    stack = _existing(gateway)
    if stack is not None and _failed(stack):
        states.require_updatable(stack, gateway.commands)
    if stack is not None:
        raise Refused(
            f"The stack {stack.name} exists already {gateway.location()}: there is nothing to begin.",
            f"Look at it: {gateway.commands.deployer('status')}",
            code="stack-exists",
        )


def _storing(gateway: Gateway, caller: FirstUpCaller) -> Callable[[], None]:
    """What stores where to work, if the person agrees; every later command then needs no options."""
    values = _defaults(gateway.deployment)
    agreed = caller.agrees(DefaultsPlan(str(user_path()), dict(values), gateway.only_sandbox))

    def store() -> None:
        for name, value in values.items() if agreed else ():
            set_default(name, value)

    return store


def _defaults(deployment: Deployment) -> Mapping[str, str]:
    named = {"profile": deployment.profile, "region": deployment.region, "stack-name": deployment.stack_name}
    return {name: value for name, value in named.items() if value}


def _support(caller: FirstUpCaller) -> Mapping[str, str]:
    """The parameters for whom the vendor's support will come as. Neither may do anything before a grant."""
    caller.say("The vendor's support gets in only while you grant it access. It can come as:")
    return SUPPORT[caller.pick("identity", list(SUPPORT))]
