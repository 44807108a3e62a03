"""sessions: who is in, who was in, and ending them. The end is read back: TerminateSession says yes to anything."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from generator.errors import AwsError, NotFound
from generator.gateway.aws import Gateway
from generator.model.caller import Caller
from generator.model.session import EndPlan, EndReport, EndRequest, Session
from generator.operations import polling
from generator.operations.aws import refused

END_SECONDS = 10.0  # how long a session may take to end


def list_sessions(gateway: Gateway, *, past: bool = False, target: str = "", owner: str = "") -> tuple[Session, ...]:
    """Live sessions of the account and region (or those of the last 30 days), newest first.

    `owner` is an ARN, or the name at its end.
    """
    with refused(
        "Support may not list sessions. It ends its own by the ID shown when they began: deployer sessions end ID"
    ):
        sessions = gateway.ssm.list_sessions(active=not past, target=target or None)
    return tuple(session for session in sessions if owned_by(session, owner))


def owned_by(session: Session, owner: str) -> bool:
    """Whether the session's owner is meant by an ARN, by the name at its end, or by nothing."""
    return not owner or owner == session.owner or session.owner.endswith(f"/{owner}")


def end(gateway: Gateway, request: EndRequest, caller: Caller) -> EndReport:
    """End the sessions asked for, after a question where they were not named one by one; return what became of them.

    Raises Declined, and what `list_sessions` and `end_sessions` raise.
    """
    if request.session_ids:
        return end_sessions(gateway, request.session_ids)
    plan = EndPlan(list_sessions(gateway, target=request.target, owner=request.owner))
    if plan.sessions:
        caller.show(plan)
        caller.confirm(plan)
    return end_sessions(gateway, [session.session_id for session in plan.sessions])


def end_sessions(gateway: Gateway, session_ids: Sequence[str]) -> EndReport:
    """End sessions and look until they are over. Raises NotFound for an id nobody knows, before any is ended."""
    try:
        live = {session.session_id for session in gateway.ssm.list_sessions()}
    except AwsError as error:
        if not error.denied:
            raise
        return _end_unseen(gateway, session_ids)
    already = tuple(name for name in session_ids if name not in live)
    for name in already:
        if gateway.ssm.find_session(name, active=False) is None:
            raise NotFound(f"There is no session {name}, live or past.", "List them: deployer sessions")
    wanted = [name for name in session_ids if name in live]
    for name in wanted:
        gateway.ssm.terminate_session(name)
    left = _left(gateway, wanted)
    return EndReport(tuple(name for name in wanted if name not in left), already, left)


def _left(gateway: Gateway, wanted: Sequence[str]) -> tuple[str, ...]:
    """Those of the sessions that are still open after a while."""

    def look() -> tuple[str, ...]:
        live = {session.session_id for session in gateway.ssm.list_sessions()}
        return tuple(name for name in wanted if name in live)

    left = tuple(wanted)
    for left in polling.looks(gateway, look, END_SECONDS, first=(0.2, 0.5, 1.0, 2.0)) if wanted else ():
        if not left:
            break
    return left


def _end_unseen(gateway: Gateway, session_ids: Sequence[str]) -> EndReport:
    """For support, which may end its own sessions but see nobody's."""
    command = f"deployer sessions end {shlex.join(session_ids)}"
    with refused(f"You may end only your own sessions; the customer can end any: {command}"):
        for name in session_ids:
            gateway.ssm.terminate_session(name)
    return EndReport(unseen=tuple(session_ids))
