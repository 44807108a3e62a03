"""The support user or role that an update removes: its access ends before the update, and is looked for afterwards.

A session outlives whoever opened it (Session Manager user guide: it ends by itself, or by TerminateSession), so
removing the user closes nothing that is open. What could not be ended does not stop a closing update: the checks
say so.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.model.change_set import Change
from generator.model.contract import PAUSED, Resource
from generator.model.session import Session
from generator.model.stack import Stack
from generator.model.up import AccessLoss, Check, SupportIdentity
from generator.model.update_effect import Replacement
from generator.operations import polling
from generator.operations.access import key, lockdown, role
from generator.operations.access.stack_access import access_of
from generator.operations.clock import SYSTEM, Clock

KINDS = {str(Resource.SUPPORT_USER): "user", str(Resource.SUPPORT_ROLE): "role"}


def find(gateway: Gateway, changes: tuple[Change, ...]) -> AccessLoss | None:
    """Who leaves with these changes, and what they have open (one call); None when nobody does."""
    holders = leaving_holders(changes)
    return look(gateway, holders) if holders else None


def look(gateway: Gateway, holders: tuple[SupportIdentity, ...]) -> AccessLoss:
    """What these have open (one call), or why that is not known."""
    try:
        return AccessLoss(holders, _live(gateway, holders))
    except DeployerError as error:
        return AccessLoss(holders, unread=error.message)


def leaving_holders(changes: tuple[Change, ...]) -> tuple[SupportIdentity, ...]:
    """The user and role that these changes remove, or replace for certain by one of another name. Pure."""
    theirs = (c for c in changes if c.logical_id in KINDS and (c.removes or c.replacement is Replacement.YES))
    return tuple(SupportIdentity(KINDS[c.logical_id], c.physical_id, removed=c.removes) for c in theirs)


def end(gateway: Gateway, stack: Stack, leaving: AccessLoss, clock: Clock = SYSTEM) -> AccessLoss:
    """Make the key inactive and shut the role, where they are removed, then end the sessions; what went wrong with it.

    Of a user that is only renamed the key stays: if the update fails, whoever has access keeps it.
    """
    steps = [partial(_shut, gateway, stack, holder) for holder in leaving.holders]
    problems = [_try(partial(polling.patiently, gateway, step)) for step in steps]
    problems.append(_try(partial(_end_sessions, gateway, leaving, clock)))
    return leaving.with_problems(problem for problem in problems if problem)


def hint_on_failure(gateway: Gateway, leaving: AccessLoss) -> str:
    """How those whom an update should have removed get access back when it failed; "" where nothing was stopped."""
    stopped = [f"{holder.kind} {holder.name}" for holder in leaving.holders if holder.removed]
    verbs = (gateway.commands.deployer("access", verb) for verb in ("pause", "resume"))
    who = f"Access of the support {' and '.join(stopped)} remains stopped"
    return f"{who}; to allow it again: {', then '.join(verbs)}" if stopped else ""


def check(gateway: Gateway, leaving: AccessLoss, clock: Clock = SYSTEM) -> tuple[Check, ...]:
    """Whether anything of theirs is open now, after the update; what was begun meanwhile is ended first."""
    problem = _try(partial(_end_sessions, gateway, leaving, clock))
    try:
        still = _live(gateway, leaving.holders)
    except DeployerError as error:
        if error.transient:
            raise  # the caller asks again
        again = gateway.commands.deployer("access", "revoke", "--all")
        why = f"not known, as ssm:DescribeSessions failed: {error.message} With that permission, check with: {again}"
        return tuple(Check(_subject(holder), False, why) for holder in leaving.holders)
    because = "; ".join(dict.fromkeys(filter(None, (*leaving.problems, problem))))
    return tuple(_check(holder, still, because) for holder in leaving.holders)


def _check(holder: SupportIdentity, still: tuple[Session, ...], because: str) -> Check:
    theirs = [session.session_id for session in still if _holds(holder, session)]
    if not theirs:
        return Check(_subject(holder), True, "none")
    return Check(_subject(holder), False, f"still open {', '.join(theirs)}" + (f" ({because})" if because else ""))


def _subject(holder: SupportIdentity) -> str:
    return f"live sessions of {holder.name}"


def _shut(gateway: Gateway, stack: Stack, holder: SupportIdentity) -> None:
    if not holder.removed:
        return
    if holder.kind == "user":
        key.deactivate(gateway, access_of(stack))
    elif role.shut(gateway, access_of(stack)):
        role.cut(gateway, access_of(stack), PAUSED)


def _end_sessions(gateway: Gateway, leaving: AccessLoss, clock: Clock) -> None:
    lockdown.end(gateway, lambda: _live(gateway, leaving.holders), clock)


def _live(gateway: Gateway, holders: tuple[SupportIdentity, ...]) -> tuple[Session, ...]:
    return tuple(s for s in gateway.ssm.list_sessions() if any(_holds(holder, s) for holder in holders))


def _holds(holder: SupportIdentity, session: Session) -> bool:
    return lockdown.owner_of(session) == ({"role": "assumed-role"}.get(holder.kind, holder.kind), holder.name)


def _try(act: Callable[[], object]) -> str:
    """Do it; why it could not be done, or "" when it was."""
    try:
        act()
    except DeployerError as error:
        return error.message.rstrip(".")
    return ""
