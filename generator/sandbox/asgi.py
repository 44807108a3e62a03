"""The sandbox's one ASGI application: MiniStack behind a short list of layers.

A plug-in is a module with `install(sandbox)` that adds to the lists of `Sandbox`. This module is imported only in the
server process, because MiniStack reads its settings from the environment when it is imported.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ministack import app as ministack
from ministack.core import iam_actions, responses

from generator.sandbox import authentication, browser_page, partitions
from generator.sandbox.authentication import Authenticator, NotAuthenticated
from generator.sandbox.http_messages import (
    Asgi,
    Message,
    Receive,
    Request,
    Response,
    Send,
    ask_ministack,
    parse,
    read_body,
    send_response,
)
from generator.sandbox.origin_guard import is_from_web_page

PLUGINS = (
    "generator.sandbox.control",
    "generator.sandbox.snapshots",
    "generator.sandbox.services",
    "generator.sandbox.scheduled_rules",
    "generator.sandbox.authorization",
    "generator.sandbox.ssm",
    "generator.sandbox.database.control",
    "generator.sandbox.vendor_account",
    "generator.sandbox.account_public_access",
)

_NO_QUERY: Message = {"query_string": b"", "headers": [(b"host", b"127.0.0.1")]}
Layer = Callable[[Request], Awaitable[Response | None]]
After = Callable[[Request, Response], Awaitable[Response | None]]


@dataclass
class Store:
    """State of a plug-in that survives a restart: plain JSON values; `load(None)` empties it."""

    dump: Callable[[], object]
    load: Callable[[Any], None]


@dataclass
class Sandbox:
    """The application, and the lists that plug-ins add to.

    `authenticator` checks the signature of a request before anything here sees it, and of a websocket that is signed.
    `layers` may answer before MiniStack (the first answer wins; MiniStack's own authentication has then not run);
    `after` may replace an answer; `sockets` maps a path prefix to an ASGI application for websockets;
    `stores` are saved with the rest; `startup` runs once, after the state is loaded, in the server's loop.
    """

    authenticator: Authenticator
    layers: list[Layer] = field(default_factory=list)
    after: list[After] = field(default_factory=list)
    sockets: dict[str, Asgi] = field(default_factory=dict)
    stores: dict[str, Store] = field(default_factory=dict)
    startup: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    changed: bool = False  # since the last save

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection, unless a web page is behind it."""
        if scope["type"] in ("http", "websocket") and (is_from_web_page(scope["headers"]) or _is_for_a_person(scope)):
            await _refuse_connection(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await ministack.app(scope, receive, self._lifespan(send))
        elif scope["type"] == "websocket" and (socket := self._socket(scope["path"])):
            await self._serve_socket(socket, scope, receive, send)
        else:
            await _refuse_connection(scope, receive, send)

    def save(self, *, quick: bool = False) -> None:
        """Write every table to the state directory; `quick` leaves out the growing record of calls (CloudTrail)."""
        tables = ministack._build_persistence_save_dict()
        if quick:
            tables.pop("cloudtrail", None)
        ministack.save_all(tables)
        draft = _store_file().with_suffix(".new")
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps({name: store.dump() for name, store in self.stores.items()}), encoding="utf-8")
        draft.replace(_store_file())

    def load(self) -> None:
        """Load the saved state of each store; MiniStack has loaded its own tables by then."""
        saved = json.loads(_store_file().read_text(encoding="utf-8")) if _store_file().exists() else {}
        for name, store in self.stores.items():
            if name in saved:
                store.load(saved[name])

    async def reset(self) -> None:
        """Empty every table, those of the plug-ins too, and save the empty state."""
        answer = await ask_ministack({"type": "http", "method": "POST", "path": "/_ministack/reset", **_NO_QUERY}, b"")
        if answer.status != 200:
            raise RuntimeError(f"MiniStack did not reset its tables: {answer.status}")
        for store in self.stores.values():
            store.load(None)
        self.save()

    def _lifespan(self, send: Send) -> Send:
        """Pass on MiniStack's start and stop, and load or save our own state in between."""

        async def through(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self.load()
                for hook in self.startup:
                    await hook()
            elif message["type"] == "lifespan.shutdown.complete":
                self.save()
            await send(message)

        return through

    def _socket(self, path: str) -> Asgi | None:
        return next((asgi for prefix, asgi in self.sockets.items() if path.startswith(prefix)), None)

    async def _serve_socket(self, socket: Asgi, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a websocket on; if it is signed, the signature must be valid."""
        if b"authorization" in {name.lower() for name, _ in scope["headers"]} or b"X-Amz-" in scope["query_string"]:
            try:
                scope = self.authenticator.authenticate(scope, b"")
            except NotAuthenticated:
                await _refuse_connection(scope, receive, send)
                return
        await socket(scope, receive, send)

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        body = await read_body(receive)
        try:
            scope = self.authenticator.authenticate(scope, body)
        except NotAuthenticated as refused:
            await send_response(send, _refusal(parse(scope, body), refused), head=scope["method"] == "HEAD")
            return
        request = parse(scope, body)
        partition = _partition(request)
        if partition != "aws" and not partitions.is_content(request):
            scope, body = partitions.inward(scope, body, partition)
            request = parse(scope, body)
        for layer in self.layers:
            if (response := await layer(request)) is not None:
                break
        else:
            response = await ask_ministack(scope, body)
        for hook in self.after:
            response = await hook(request, response) or response
        self.changed = True
        response = partitions.outward(request, response, partition)
        await send_response(send, response, head=request.method == "HEAD")


def build(secret: str) -> Sandbox:
    """The application with every plug-in installed, in the order of `PLUGINS`; its root keys are made from `secret`."""
    sandbox = Sandbox(Authenticator(secret))
    sandbox.authenticator.install()
    for name in PLUGINS:
        importlib.import_module(name).install(sandbox)
    return sandbox


def _partition(request: Request) -> str:
    """The partition that the client lives in."""
    if authentication.is_answer(request.path):
        return partitions.answers(request.body)
    return partitions.partition_of(request.region)


def _store_file() -> Path:
    return Path(os.environ["STATE_DIR"]) / "sandbox-stores.json"


async def _refuse_connection(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})  # before accepting: HTTP 403
        return
    refusal = Response.error("AccessDenied", "The sandbox does not answer web pages.", 403)
    if _is_for_a_person(scope):
        refusal = browser_page.page()
    await send_response(send, refusal, head=scope["method"] == "HEAD")


def _is_for_a_person(scope: Message) -> bool:
    return scope["type"] == "http" and browser_page.is_opened_by_a_person(
        scope["method"], scope["query_string"], scope["headers"]
    )


def _refusal(request: Request, refused: NotAuthenticated) -> Response:
    """The answer of the service that was called, in its protocol."""
    if request.path.startswith(authentication.CONTROL):
        return Response.error("AccessDenied", refused.message, 403)
    number = str(uuid.uuid4())
    status, headers, body = iam_actions.access_denied_response(
        request.service, "", "", number, error_code=refused.code, message=refused.message, headers=request.headers
    )
    responses.fix_error_content_type(request.service, status, headers)
    return Response(status, {**headers, "x-amzn-requestid": number}, body)
