"""The message gateway: the websocket at a session's StreamUrl.

As on AWS, the session's token opens its channel. The opening may be signed (plug-ins since 1.2.688 do): the signature
must then be good and its user allowed `ssmmessages:OpenDataChannel`. Without a signature it is refused only where the
instance was registered with `requireSignature`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from urllib.parse import parse_qs

from ministack.core import iam_evaluator as engine
from ministack.core import responses, router

from generator.channel.payloads import Opening
from generator.errors import DeployerError
from generator.model.arn import Arn
from generator.sandbox import authorization
from generator.sandbox.http_messages import Message, Receive, Send
from generator.sandbox.ssm import live_session as agents
from generator.sandbox.ssm import sessions, targets
from generator.sandbox.ssm.agent import closed_frame
from generator.sandbox.ssm.live_session import Live
from generator.sandbox.ssm.sessions import Session

PREFIX = "/v1/data-channel/"
OPENING_SECONDS = 10.0
REFUSED = 1008  # a websocket close code


async def serve(scope: Message, receive: Receive, send: Send) -> None:
    """One websocket, from its opening to its end; the session may outlive it."""
    await receive()  # websocket.connect
    session = sessions.named(scope["path"].removeprefix(PREFIX))
    if session is None or not _may_open(scope, session):
        await send({"type": "websocket.close"})  # before accepting: HTTP 403
        return
    await send({"type": "websocket.accept"})
    live = await _opened(session, receive)
    if live is None:
        await send({"type": "websocket.close", "code": REFUSED})
        return
    await _carry(live, receive, send)


async def _opened(session: Session, receive: Receive) -> Live | None:
    """The session's agent, when the first message carries its token and the client it knows."""
    with suppress(TimeoutError, DeployerError):
        async with asyncio.timeout(OPENING_SECONDS):
            message = await receive()
        opening = Opening.parse(message.get("text") or message.get("bytes") or b"")
        if sessions.by_token(session.id, opening.token) is None:
            return None
        live = agents.live(session)
        if live.client_id in ("", opening.client_id):
            live.client_id = opening.client_id
            return live
    return None


async def _carry(live: Live, receive: Receive, send: Send) -> None:
    outgoing: asyncio.Queue[bytes] = asyncio.Queue()
    write = outgoing.put_nowait
    sending = asyncio.create_task(_send_frames(outgoing, send))
    receiving = asyncio.create_task(_receive_frames(live, receive))
    over = asyncio.create_task(live.agent.over.wait())
    live.agent.attach(write)
    try:
        await asyncio.wait({sending, receiving, over}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        live.agent.detach(write)
        for task in (sending, receiving, over):
            task.cancel()
        await asyncio.gather(sending, receiving, over, return_exceptions=True)
    if live.agent.end is not None:
        with suppress(Exception):  # the client may have disconnected: each server raises its own error
            while not outgoing.empty():
                await send({"type": "websocket.send", "bytes": outgoing.get_nowait()})
            await send({"type": "websocket.send", "bytes": closed_frame(live.session.id, live.agent.end)})
            await send({"type": "websocket.close", "code": 1000})


async def _receive_frames(live: Live, receive: Receive) -> None:
    while (message := await receive())["type"] == "websocket.receive":
        if frame := message.get("bytes"):
            with suppress(DeployerError):  # a frame that cannot be read is not acknowledged and comes again
                live.agent.take(frame)


async def _send_frames(outgoing: asyncio.Queue[bytes], send: Send) -> None:
    while True:
        await send({"type": "websocket.send", "bytes": await outgoing.get()})


def _may_open(scope: Message, session: Session) -> bool:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = parse_qs(scope.get("query_string", b"").decode(), keep_blank_values=True)
    key = router.extract_access_key_id(headers, query)
    if not key:
        with responses.request_scope(session.account, session.region):
            return not targets.signature_required(session.target)
    responses.set_request_account_id(engine.find_iam_access_key_account(key) or key)
    responses.set_request_region(router.extract_region(headers, query))
    if isinstance(engine.authenticate_handshake(scope, "ssmmessages"), engine.AuthError):
        return False
    if isinstance(engine.resolve_principal(key, responses.get_account_id()), engine.AuthError):
        return False
    who = authorization.caller(headers, query)
    arn = str(Arn("aws", "ssm", session.region, session.account, f"session/{session.id}"))
    return who.account == session.account and not authorization.check(who, "ssmmessages:OpenDataChannel", arn)
