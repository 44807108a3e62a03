"""StartSession, ResumeSession, TerminateSession and DescribeSessions. MiniStack has none of them."""

from __future__ import annotations

import re
import time
from dataclasses import asdict
from datetime import datetime
from typing import Any

from generator.errors import DeployerError
from generator.sandbox.ssm import documents, live_session, nodes, session_documents, sessions
from generator.sandbox.ssm.api_call import Call, Operation, page
from generator.sandbox.ssm.documents import Document
from generator.sandbox.ssm.session_documents import SessionPlan
from generator.sandbox.ssm.sessions import Session

PREFERENCES = "SSM-SessionManagerRunShell"  # the account's own preferences, used when no document is named
_CHECK = "ssm:sessiondocumentaccesscheck"
_REASON = re.compile(r".{1,256}")


def start_session(call: Call) -> dict[str, str]:
    """StartSession. Refused: AccessDeniedException, InvalidDocument, InvalidParameters, TargetNotConnected."""
    data = call.data
    target, name = data["Target"], data.get("DocumentName", "")
    if "Reason" in data and not _REASON.fullmatch(data["Reason"]):
        raise DeployerError("Reason has 1 to 256 characters and no line break.", code="ValidationException")
    _authorize_start(call, target, name)
    plan = _plan(name, data.get("Parameters") or {})
    node = nodes.find(target)
    if node is None or not node.online:
        raise DeployerError(f"{target} is not connected.", code="TargetNotConnected")
    caller = call.caller
    session = sessions.add(
        Session(
            id=sessions.new_id(caller.name),
            account=caller.account,
            region=caller.region,
            target=target,
            document=name or PREFERENCES,
            owner=caller.arn,
            owner_id=str(caller.principal.keys.get("aws:userid", caller.account)),
            reason=data.get("Reason", ""),
            started=time.time(),
            plan=asdict(plan),
        )
    )
    live_session.expect_opening(session)
    return _opened(call, session)


def resume_session(call: Call) -> dict[str, str]:
    """ResumeSession: a new token for the same channel. An ended session answers DoesNotExistException."""
    session_id = call.data["SessionId"]
    call.allow("ssm:ResumeSession", call.arn("session", session_id))
    session = sessions.find(session_id, call.caller.account, call.caller.region)
    if session is None or not session.live:
        raise DeployerError(f"The session {session_id} does not exist.", code="DoesNotExistException")
    sessions.renew_token(session)
    return _opened(call, session)


def terminate_session(call: Call) -> dict[str, str]:
    """TerminateSession; as on AWS an unknown or ended id is answered like a live one."""
    session_id = call.data["SessionId"]
    call.allow("ssm:TerminateSession", call.arn("session", session_id))
    if session := sessions.find(session_id, call.caller.account, call.caller.region):
        sessions.end(session, f"Session {session_id} was terminated.")
    return {"SessionId": session_id}


def describe_sessions(call: Call) -> dict[str, Any]:
    """DescribeSessions by State and Filters, newest first."""
    call.allow("ssm:DescribeSessions")
    active = call.data["State"] == "Active"
    listed = sessions.listed(call.caller.account, call.caller.region, live=active, now=time.time())
    for condition in call.data.get("Filters", []):
        listed = [session for session in listed if _passes(session, condition["key"], condition["value"])]
    rows, more = page([_row(session) for session in listed], call.data, 200)
    return {"Sessions": rows, **more}


def _authorize_start(call: Call, target: str, name: str) -> None:
    """The two checks of a start, as AWS makes them.

    The instance always; the document when it is named. `ssm:SessionDocumentAccessCheck` is true when the caller may use
    the document, named or default: a policy that asks for it therefore closes the default shell to those who may not.
    """
    document = _document_arn(call, name or PREFERENCES)
    may_use = call.allowed("ssm:StartSession", document, {_CHECK: "true"})
    checked = "true" if may_use or name else "false"
    call.allow("ssm:StartSession", nodes.arn_of(target), {_CHECK: checked})
    if name:
        call.allow("ssm:StartSession", document, {_CHECK: "true"})


def _document_arn(call: Call, name: str) -> str:
    if name.startswith("arn:"):
        return name
    document = documents.find(name)
    return document.arn if document else call.arn("document", name)


def _plan(name: str, parameters: dict[str, list[str]]) -> SessionPlan:
    document: Document | None = documents.find(name or PREFERENCES)
    if document is None and not name:
        return SessionPlan("Standard_Stream")
    if document is None or document.type != "Session":
        raise DeployerError(f"Document with name {name} does not exist.", code="InvalidDocument")
    return session_documents.plan(document.content(), parameters)


def _opened(call: Call, session: Session) -> dict[str, str]:
    return {
        "SessionId": session.id,
        "TokenValue": session.token,
        "StreamUrl": f"ws://{call.host}/v1/data-channel/{session.id}?role=publish_subscribe",
    }


def _passes(session: Session, key: str, value: str) -> bool:
    match key:
        case "Target" | "Owner" | "Status" | "SessionId":
            values = {"Target": session.target, "Owner": session.owner, "Status": session.status}
            return values.get(key, session.id) == value
        case "InvokedAfter" | "InvokedBefore":
            started = datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
            return session.started >= started if key == "InvokedAfter" else session.started < started
        case "AccessType":
            return value == "Standard"
    raise DeployerError(f"The filter key {key} is not valid.", code="InvalidFilterKey")


def _row(session: Session) -> dict[str, Any]:
    minutes = session.plan["inputs"].get("maxSessionDuration")
    optional = {"Reason": session.reason, "EndDate": session.ended, "MaxSessionDuration": minutes}
    return {
        "SessionId": session.id,
        "Target": session.target,
        "Status": session.status,
        "StartDate": session.started,
        "DocumentName": session.document,
        "Owner": session.owner,
        "AccessType": "Standard",
        **{key: value for key, value in optional.items() if value},
    }


OPERATIONS: dict[str, Operation] = {
    "StartSession": start_session,
    "ResumeSession": resume_session,
    "TerminateSession": terminate_session,
    "DescribeSessions": describe_sessions,
}
