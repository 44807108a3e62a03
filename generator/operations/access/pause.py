"""access pause and resume: the key inactive, the role shut, sessions ended, within seconds; open again when told."""

from __future__ import annotations

from dataclasses import dataclass, replace

from generator.errors import DeployerError, Refused
from generator.gateway.aws import Gateway
from generator.model.caller import Caller
from generator.model.contract import PAUSED
from generator.model.duration import END_FORMAT
from generator.model.up import Check
from generator.operations import resource_states
from generator.operations.access import key, lockdown, role, stack_access
from generator.operations.access.best_effort import BestEffortCaller
from generator.operations.access.expectation import knows_grants
from generator.operations.access.key import KeyReport
from generator.operations.access.readings import do_all
from generator.operations.access.reconcile import reconcile_stack
from generator.operations.access.stack_access import StackAccess
from generator.operations.clock import SYSTEM, Clock
from generator.operations.polling import then
from generator.operations.stack.watch import NotFollowed

AGAIN = "run the same command again"

RESUMED = (
    *(resource_states.support_user, resource_states.support_role, resource_states.support_secret),
    *(resource_states.support_value, resource_states.key, resource_states.keeper),
)
"""What has to be there for access to be open again, and to end by itself."""


@dataclass(frozen=True)
class ResumePlan:
    """What resuming would do: activate the key and open the role, as far as the stack has them."""

    stack_name: str
    user: str
    role: str


def pause(gateway: Gateway, caller: Caller, clock: Clock = SYSTEM) -> KeyReport:
    """Shut both ways directly, also while the stack is busy, and end support's sessions; then have the stack say so.

    The key stays inactive by itself: nothing in the stack ever makes it active again. The stack's record counts also
    where there is no key, as after a revocation: a role that comes later begins paused. Each way is shut, and sessions
    are ended, also where another step failed; then raises why. Raises NotFound for a stack without user and role.
    """
    access, shown = stack_access.read_access(gateway), BestEffortCaller(caller)
    if not access.support_role:
        stack_access.require_secret(access, gateway.commands)
    shut: list[bool] = []
    try:
        do_all(
            (
                lambda: key.deactivate(gateway, access),
                lambda: shut.append(role.shut(gateway, access)),
                lambda: shut.append(role.cut(gateway, access, PAUSED)),
                lambda: _sessions(gateway, access, clock),
            )
        )
        keys = key.list_keys(gateway, access.support_user)
    except DeployerError as error:
        message = f"Access to the stack {access.stack.name} is not known to be closed: {error.message}"
        raise error.explained(message, hint=then(error, AGAIN)) from error
    checks = [key.inactive_check(keys)] if access.support_user else []
    if all(shut):
        checks.append(Check(f"role {access.support_role}", True, "closed"))
    if knows_grants(access) and (all(shut) or not access.support_role):
        checks.append(_lasting(gateway, access, shown))
    checks.append(_sessions(gateway, access, clock))  # again: IAM takes some seconds to refuse new ones everywhere
    if not all(check.holds for check in checks):
        for sentence in resource_states.described(gateway, access.stack, RESUMED):
            shown.say(sentence)
    return KeyReport(access.stack.name, keys, tuple(checks))


def _sessions(gateway: Gateway, access: StackAccess, clock: Clock) -> Check:
    """End what support has open, and look whether it ended. What AWS refuses is the check's answer."""
    subject = "open sessions of support"
    try:
        _, still = lockdown.end_sessions(gateway, access, clock)
    except DeployerError as error:
        return Check(subject, False, f"not known to have ended: {error.message} {then(error, AGAIN)}.")
    return Check(subject, not still, f"still open: {', '.join(s.session_id for s in still)}" if still else "none")


def _lasting(gateway: Gateway, access: StackAccess, caller: BestEffortCaller) -> Check:
    try:
        status = reconcile_stack(gateway, access, replace(access.grant, not_before=PAUSED), caller.events)
    except DeployerError as error:
        return Check(
            "stack",
            False,
            f"{error.message} Access is closed; so that the stack records it: {_how(error)}.",
        )
    return Check("stack", True, status)


def _how(error: DeployerError) -> str:
    """What to do before the pause lasts: an operation that goes on is followed first."""
    return error.hint if isinstance(error, NotFollowed) else then(error, AGAIN)


def resume(gateway: Gateway, caller: Caller, clock: Clock = SYSTEM) -> KeyReport:
    """Open again what the stack has; credentials issued before now stay refused.

    Raises StackNotFound; NotFound without user and role; Refused where nothing is paused and there is no key to
    activate; Declined, and UsageError where nobody can be asked.
    """
    access = _to_resume(gateway)
    caller.confirm(ResumePlan(access.stack.name, access.support_user, access.support_role))
    checks = []
    if access.grant.paused:
        after = replace(access.grant, not_before=clock.now().strftime(END_FORMAT))
        subject = f"role {access.support_role}" if access.support_role else "stack"
        checks.append(Check(subject, True, reconcile_stack(gateway, access, after, caller.events)))
    try:
        if access.support_user:
            checks.append(_key_again(gateway, access, clock))
        keys = key.list_keys(gateway, access.support_user)
    except DeployerError as error:
        if not access.grant.paused:
            raise
        message = (
            f"The stack {access.stack.name} says that access is open, but its key may be inactive: {error.message}"
        )
        raise error.explained(message, hint=then(error, AGAIN)) from error
    checks = checks or [Check(f"role {access.support_role}", True, "was not paused")]
    return KeyReport(access.stack.name, keys, tuple(checks))


def _to_resume(gateway: Gateway) -> StackAccess:
    """The stack with something to open again. Raises StackNotFound; NotFound without user and role; Refused: no key."""
    access = stack_access.read_access(gateway)
    resource_states.require(gateway, access.stack, RESUMED, "Nothing was resumed.")
    if access.support_user and not access.grant.paused:
        key.require_key(gateway, access)
    elif not access.support_role:
        stack_access.require_secret(access, gateway.commands)
    return access


def _key_again(gateway: Gateway, access: StackAccess, clock: Clock) -> Check:
    """The key active again. That a revocation has taken it is no failure of resuming while nobody is let in."""
    try:
        return key.activate(gateway, access)
    except Refused as error:
        if access.grant.live(clock.now()):
            return Check("key", False, f"{error.message} {error.hint}")
        grant = gateway.commands.deployer("access", "grant", "--principal", "ARN")
        return Check("key", True, f"there is none, as nobody has access; the next grant makes one: {grant}")
