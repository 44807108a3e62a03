"""The sandbox's own endpoints under /_sandbox/: status, stop, reset, and failures on demand."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass

from generator.sandbox.asgi import Sandbox
from generator.sandbox.http_messages import Request, Response
from generator.sandbox.version import fingerprint

ACTIONS = ("create", "update", "delete", "rollback", "default-version")
"""The last: an update of a document that adds a version and leaves the default where it was."""


@dataclass(frozen=True)
class Failure:
    """The next `action` on the resource `logical_id` (of the stack `stack`, "" for any) fails, once."""

    logical_id: str
    action: str
    reason: str = ""
    stack: str = ""


PLANNED: list[Failure] = []


def take_failure(stack: str, logical_id: str, action: str) -> str | None:
    """The reason to fail with if a failure was planned, which is then used up; None otherwise."""
    for failure in PLANNED:
        if (failure.logical_id, failure.action) == (logical_id, action) and failure.stack in ("", stack):
            PLANNED.remove(failure)
            return failure.reason or f"This failure of {logical_id} was requested (sandbox)."
    return None


def install(sandbox: Sandbox) -> None:
    """Add the endpoints. The authenticator admits only callers with the sandbox's control token."""
    code = fingerprint()  # now: later the files may be those of another version

    async def answer(request: Request) -> Response | None:
        if not request.path.startswith("/_sandbox/"):
            return None
        match request.method, request.path.removeprefix("/_sandbox/"):
            case "GET", "status":
                failures = [asdict(failure) for failure in PLANNED]
                return Response.json({"pid": os.getpid(), "code": code, "failures": failures})
            case "POST", "stop":
                sandbox.stopping.set()
            case "POST", "reset":
                await sandbox.reset()
                PLANNED.clear()
            case "POST", "fail":
                return _plan(request.body)
            case "DELETE", "fail":
                PLANNED.clear()
            case _:
                return Response.error(
                    "InvalidAction", f"The sandbox has no endpoint {request.method} {request.path}.", 404
                )
        return Response.json({})

    sandbox.layers.insert(0, answer)


def _plan(body: bytes) -> Response:
    try:
        planned = json.loads(body)
        failure = Failure(planned["logicalId"], planned["action"], planned.get("reason", ""), planned.get("stack", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Response.error(
            "ValidationError", 'Send {"logicalId": …, "action": …}; "reason" and "stack" are optional.'
        )
    if failure.action not in ACTIONS:
        return Response.error("ValidationError", f"action must be one of {', '.join(ACTIONS)}.")
    PLANNED.append(failure)
    return Response.json(asdict(failure))
