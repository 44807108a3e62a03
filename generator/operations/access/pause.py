"""access pause and resume: the key inactive and the role shut, within seconds; and open again, only when told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from generator.errors import DeployerError, Refused
from generator.gateway.aws import Gateway
from generator.model.contract import PAUSED
from generator.model.duration import END_FORMAT
from generator.model.plan import Check
from generator.operations.access import key, role, stack_access
from generator.operations.access.key import KeyReport
from generator.operations.access.readings import do_all
from generator.operations.access.reconcile import ShowEvents, settle
from generator.operations.access.stack_access import Record


def pause(gateway: Gateway, show_events: ShowEvents) -> KeyReport:
    """Shut both ways directly, also while the stack is busy; then have the stack say so too, where it has a role.

    The key stays inactive by itself: nothing in the stack ever makes it active again. Each way is shut also where the
    other cannot be; then raises why.
    """
    found = stack_access.read_record(gateway)
    shut: list[bool] = []
    do_all(
        (
            lambda: key.deactivate(gateway, found),
            lambda: shut.append(role.shut(gateway, found)),
            lambda: shut.append(role.cut(gateway, found, PAUSED)),
        )
    )
    keys = key.list_keys(gateway, found.support_user)
    checks = [key.inactive_check(keys)] if found.support_user else []
    if all(shut):
        checks += [Check(f"role {found.support_role}", True, "shut"), _lasting(gateway, found, show_events)]
    _require_any(found, checks)
    return KeyReport(found.stack.name, keys, tuple(checks))


def _lasting(gateway: Gateway, found: Record, show_events: ShowEvents) -> Check:
    try:
        status = settle(gateway, found, replace(found.grant, not_before=PAUSED), show_events)
    except DeployerError as error:
        return Check("stack", False, f"{error.message} Both ways are shut; run this again to make it last.")
    return Check("stack", True, status)


def plan_resume(gateway: Gateway) -> Record:
    """The stack with something to open again. Raises StackNotFound; NotFound without user and role; Refused: no key."""
    found = stack_access.read_record(gateway)
    if found.support_user and not _role_waits(found):
        key.require_key(gateway, found)
    elif not found.support_role:
        stack_access.require_secret(found)
    return found


def _role_waits(found: Record) -> bool:
    """Whether there is a role to open, whatever became of the key."""
    return bool(found.support_role) and found.grant.paused


def resume(gateway: Gateway, found: Record, show_events: ShowEvents) -> KeyReport:
    """Open again what the stack has; role sessions begun before now stay refused."""
    checks = []
    if _role_waits(found):
        after = replace(found.grant, not_before=datetime.now(UTC).strftime(END_FORMAT))
        checks.append(Check(f"role {found.support_role}", True, settle(gateway, found, after, show_events)))
    if found.support_user:
        checks.append(_key_again(gateway, found))
    checks = checks or [Check(f"role {found.support_role}", True, "was not paused")]
    return KeyReport(found.stack.name, key.list_keys(gateway, found.support_user), tuple(checks))


def _key_again(gateway: Gateway, found: Record) -> Check:
    try:
        return key.activate(gateway, found)
    except Refused as error:  # the role is open again; that a revocation took the key is no failure of that
        return Check("key", False, f"{error.message} {error.hint}")


def _require_any(found: Record, checks: list[Check]) -> None:
    """Raise NotFound when the stack has neither user nor role."""
    if not checks:
        stack_access.require_secret(found)
