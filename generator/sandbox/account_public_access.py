"""The Block Public Access of an account (S3 Control), which MiniStack does not have.

It is kept and given back; the objects that everybody reads are the concern of each bucket's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from generator.errors import DeployerError
from generator.sandbox import authorization
from generator.sandbox.http_messages import Request, Response

if TYPE_CHECKING:
    from generator.sandbox.asgi import Sandbox

PATH = "/v20180820/configuration/publicAccessBlock"
ACTIONS = {"GET": "GetAccountPublicAccessBlock"} | dict.fromkeys(("PUT", "DELETE"), "PutAccountPublicAccessBlock")
"""Method -> the action that permits it (service authorization reference, S3)."""
_stored: dict[str, str] = {}  # account -> the document that was put


def install(sandbox: Sandbox) -> None:
    """Answer the three operations, and keep what is set."""
    from generator.sandbox.asgi import Store

    sandbox.layers.append(answer)
    sandbox.stores["account-public-access"] = Store(lambda: dict(_stored), load)


def load(saved: Any) -> None:
    """Set what was saved; None for nothing."""
    _stored.clear()
    _stored.update(saved or {})


async def answer(request: Request) -> Response | None:
    """The answer to a call about the account's block; None for any other request."""
    if request.path != PATH or request.method not in ACTIONS:
        return None
    if refused := _refusal(request):
        return _error("AccessDenied", refused, 403)
    if request.method == "PUT":
        _stored[request.account] = request.body.decode()
        return Response(200, {}, b"")
    if request.method == "DELETE":
        _stored.pop(request.account, None)
        return Response(204, {}, b"")
    if request.account not in _stored:
        message = "The public access block configuration was not found"
        return _error("NoSuchPublicAccessBlockConfiguration", message, 404)
    return Response(200, {"Content-Type": "application/xml"}, _stored[request.account].encode())


def _refusal(request: Request) -> str:
    try:
        who = authorization.caller(request.headers, request.query)
    except DeployerError as error:
        return error.message
    if request.headers.get("x-amz-account-id", "") != who.account:
        return "Access Denied"
    return authorization.check(who, f"s3:{ACTIONS[request.method]}", "*")


def _error(code: str, message: str, status: int) -> Response:
    """An error as S3 Control wraps it."""
    text = f"<ErrorResponse><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error></ErrorResponse>"
    return Response(status, {"Content-Type": "application/xml"}, text.encode())
