"""A call of an AWS API and its answer, from ASGI's messages and back to them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qs

from ministack import app as ministack
from ministack.core import iam_evaluator, responses, router

Message = MutableMapping[str, Any]  # ASGI's own loose type: one dict per message
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Message, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """One call; service, region and access key are those of the SigV4 scope, header names are in lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    service: str
    action: str  # the operation's name without its service, "" when it is unknown
    access_key: str
    account: str
    region: str

    def parameters(self) -> dict[str, Any]:
        """The call's parameters: the JSON body, or the form body with the first value of each key."""
        if "json" in self.headers.get("content-type", ""):
            loaded = json.loads(self.body or b"{}")
            return loaded if isinstance(loaded, dict) else {}
        form = parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {key: values[0] for key, values in {**form, **self.query}.items()}


@dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @classmethod
    def json(cls, payload: object, status: int = 200) -> Response:
        """A response of the JSON protocols (SSM, Secrets Manager, KMS, Logs)."""
        return cls(status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(payload).encode())

    @classmethod
    def error(cls, code: str, message: str, status: int = 400) -> Response:
        """An error of the JSON protocols, with its code where botocore reads it."""
        return cls.json({"__type": code, "message": message}, status)


async def read_body(receive: Receive) -> bytes:
    """The whole body of a request."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return b"".join(parts)


def parse(scope: Message, body: bytes) -> Request:
    """The call in an ASGI connection; the account and region of the running request are set from it."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = parse_qs(scope.get("query_string", b"").decode(), keep_blank_values=True)
    key = router.extract_access_key_id(headers, query)
    # MiniStack's tables are keyed by account and region of the running request: layers read them too.
    if key:
        responses.set_request_account_id(iam_evaluator.find_iam_access_key_account(key) or key)
    region = router.extract_region(headers, query)
    responses.set_request_region(region)
    form = body if headers.get("content-type", "").startswith("application/x-www-form-urlencoded") else b""
    parameters = {**parse_qs(form.decode("utf-8", "replace"), keep_blank_values=True), **query}
    service = router.detect_service(scope["method"], scope["path"], headers, parameters)
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=query,
        headers=headers,
        body=body,
        service=service,
        action=_action(headers, parameters),
        access_key=key,
        account=responses.get_account_id(),
        region=region,
    )


def _action(headers: dict[str, str], parameters: dict[str, list[str]]) -> str:
    """X-Amz-Target of the JSON protocols, Action of the query protocol."""
    return headers.get("x-amz-target", "").rpartition(".")[2] or (parameters.get("Action") or [""])[0]


async def ask_ministack(scope: Message, body: bytes) -> Response:
    """The answer of MiniStack to an unchanged call, whose signature it checks itself."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await ministack.app(scope, receive, send)
    start = next(message for message in sent if message["type"] == "http.response.start")
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
    return Response(start["status"], headers, b"".join(cast(bytes, message.get("body", b"")) for message in sent))


async def send_response(send: Send, response: Response, *, head: bool) -> None:
    """Send an answer with the sandbox's mark; for `head` its length is the one that its headers name."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    headers |= (
        {"x-sandbox": "deployer"} if head else {"x-sandbox": "deployer", "content-length": str(len(response.body))}
    )
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    await send({"type": "http.response.body", "body": response.body})
