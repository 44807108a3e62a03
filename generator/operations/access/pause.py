"""access pause and resume: the key inactive and the role shut, within seconds; and open again, only when told."""

from __future__ import annotations

from dataclasses import replace

from generator.errors import DeployerError, Refused
from generator.gateway.aws import Gateway
from generator.model.contract import PAUSED
from generator.model.duration import END_FORMAT
from generator.model.up import Check
from generator.operations.access import key, role, stack_access
from generator.operations.access.key import KeyReport
from generator.operations.access.readings import do_all
from generator.operations.access.reconcile import ShowEvents, reconcile_stack
from generator.operations.access.stack_access import StackAccess
from generator.operations.clock import SYSTEM, Clock


def pause(gateway: Gateway, show_events: ShowEvents) -> KeyReport:
    """Shut both ways directly, also while the stack is busy; then have the stack say so too, where it has a role.

    The key stays inactive by itself: nothing in the stack ever makes it active again. Each way is shut also where the
    other cannot be; then raises why.
    """
    access = stack_access.read_access(gateway)
    shut: list[bool] = []
    do_all(
        (
            lambda: key.deactivate(gateway, access),
            lambda: shut.append(role.shut(gateway, access)),
            lambda: shut.append(role.cut(gateway, access, PAUSED)),
        )
    )
    keys = key.list_keys(gateway, access.support_user)
    checks = [key.inactive_check(keys)] if access.support_user else []
    if all(shut):
        checks += [Check(f"role {access.support_role}", True, "closed"), _lasting(gateway, access, show_events)]
    _require_any(gateway, access, checks)
    return KeyReport(access.stack.name, keys, tuple(checks))


def _lasting(gateway: Gateway, access: StackAccess, show_events: ShowEvents) -> Check:
    try:
        status = reconcile_stack(gateway, access, replace(access.grant, not_before=PAUSED), show_events)
    except DeployerError as error:
        return Check(
            "stack",
            False,
            f"{error.message} Both access paths are closed; run this again so that the stack records it.",
        )
    return Check("stack", True, status)


def plan_resume(gateway: Gateway) -> StackAccess:
    """The stack with something to open again. Raises StackNotFound; NotFound without user and role; Refused: no key."""
    access = stack_access.read_access(gateway)
    if access.support_user and not _role_waits(access):
        key.require_key(gateway, access)
    elif not access.support_role:
        stack_access.require_secret(access, gateway.commands)
    return access


def _role_waits(access: StackAccess) -> bool:
    """Whether there is a role to open, whatever became of the key."""
    return bool(access.support_role) and access.grant.paused


def resume(gateway: Gateway, access: StackAccess, show_events: ShowEvents, clock: Clock = SYSTEM) -> KeyReport:
    """Open again what the stack has; role sessions begun before now stay refused."""
    checks = []
    if _role_waits(access):
        after = replace(access.grant, not_before=clock.now().strftime(END_FORMAT))
        checks.append(Check(f"role {access.support_role}", True, reconcile_stack(gateway, access, after, show_events)))
    if access.support_user:
        checks.append(_key_again(gateway, access))
    checks = checks or [Check(f"role {access.support_role}", True, "was not paused")]
    return KeyReport(access.stack.name, key.list_keys(gateway, access.support_user), tuple(checks))


def _key_again(gateway: Gateway, access: StackAccess) -> Check:
    try:
        return key.activate(gateway, access)
    except Refused as error:  # the role is open again; that a revocation took the key is no failure of that
        return Check("key", False, f"{error.message} {error.hint}")


def _require_any(gateway: Gateway, access: StackAccess, checks: list[Check]) -> None:
    """Raise NotFound when the stack has neither user nor role."""
    if not checks:
        stack_access.require_secret(access, gateway.commands)
