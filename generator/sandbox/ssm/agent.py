"""The agent's end of a session's data channel, which outlives the connections under it.

No network in here. Frames arrive by `take` and leave through the function given to `attach`; a test puts a gateway of
its own around it that loses, repeats, reorders or delays them.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from generator.channel import payloads, reliability, wire
from generator.channel.payloads import ActionStatus, HandshakeRequest, HandshakeResponse, Processed
from generator.channel.wire import Flag, Message, PayloadType
from generator.errors import DeployerError

if TYPE_CHECKING:
    from generator.channel.kms import Cipher

Write = Callable[[bytes], None]
OpenKey = Callable[[Processed, str], "Cipher"]
"""Makes the cipher of the client's answer and the challenge that was sent; DeployerError when KMS refuses."""

HANDSHAKE_SECONDS = 15.0  # for each step, as the real agent waits
TICK = 0.05  # seconds between looks for repetitions
SEND_BUFFER = 64 * 1024  # bytes of output that may wait
FLUSH_SECONDS = 2.0  # seconds for the last output to be acknowledged
_ENCRYPTED = frozenset({PayloadType.OUTPUT, PayloadType.STDERR, PayloadType.EXIT_CODE})


@dataclass(frozen=True)
class AgentPlan:
    """What the agent requests from a client. `key` is the KMS key of an encrypted session, "" for none."""

    session_type: str
    properties: object = None
    version: str = "3.3.2656.0"
    message: str = ""
    key: str = ""
    open_key: OpenKey | None = field(default=None, repr=False)


class SessionOver(Exception):
    """The session ended while a caller waited. Never leaves this package."""


class Agent:
    """One session's agent. `run` does the handshake, then runs a plug-in until either ends."""

    def __init__(self, plan: AgentPlan) -> None:
        self.plan = plan
        self.end: str | None = None  # the reason to show, "" for a plain end
        self.last_data = time.monotonic()
        self._sender = reliability.Sender(wire.OUTPUT, _stamp)
        self._receiver = reliability.Receiver()
        self._outbox = reliability.Outbox()
        self._write: Write | None = None
        self._cipher: Cipher | None = None
        self._arrived, self._progress = asyncio.Event(), asyncio.Event()
        self.over = asyncio.Event()

    # What a gateway calls

    def attach(self, write: Write) -> None:
        """Use this connection from now on; unacknowledged messages are sent again."""
        self._write = write
        self._sender.reconnected(_now())
        self._send_pending()

    def detach(self, write: Write) -> None:
        """Stop using this connection, unless another has replaced it."""
        if self._write == write:
            self._write = None

    def take(self, frame: bytes) -> None:
        """Take one frame of the client. Raises DeployerError for an invalid one."""
        message = wire.decode(frame)
        if message.type == wire.ACKNOWLEDGE:
            self._sender.acknowledged(payloads.Acknowledged.parse(message.payload).sequence, _now())
            self._progress.set()
            self._send_pending()
        elif message.type == wire.INPUT and self._receiver.offer(message):
            self._put(payloads.acknowledgement(message, *_stamp()))
            self._arrived.set()

    def finish(self, reason: str = "") -> None:
        """End the session; the first reason counts."""
        if self.end is None:
            self.end = reason
        for event in (self._arrived, self._progress, self.over):
            event.set()

    # What a plug-in calls

    async def run(self, serve: Callable[[Agent], Awaitable[None]]) -> None:
        """Do the handshake, serve, flush, finish. Returns when the session is over, however it ended."""
        ticking = asyncio.create_task(self._tick())
        serving = asyncio.create_task(self._serve(serve))
        over = asyncio.create_task(self.over.wait())
        try:
            await asyncio.wait({serving, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (serving, over, ticking):
                task.cancel()
            await asyncio.gather(serving, over, ticking, return_exceptions=True)

    async def receive(self) -> tuple[int, bytes]:
        """The next payload in order, with its type, decrypted. Raises SessionOver at the end.

        A terminate flag ends the session here, so that no plug-in has to know it.
        """
        message = await self._next()
        self.last_data = time.monotonic()
        if message.payload_type == PayloadType.FLAG and wire.read_flag(message.payload) == Flag.TERMINATE_SESSION:
            self.finish()
            raise SessionOver
        payload = message.payload
        if self._cipher and message.payload_type == PayloadType.OUTPUT:
            payload = self._cipher.open(payload)
        return message.payload_type, payload

    async def write(self, data: bytes, kind: PayloadType = PayloadType.OUTPUT) -> None:
        """Send output; waits while the send buffer is full."""
        self.post(kind, data)
        while self._outbox.size > SEND_BUFFER and self.end is None:
            self._progress.clear()
            await self._progress.wait()

    def post(self, kind: PayloadType, data: bytes) -> None:
        """Queue one payload behind everything queued before."""
        self.last_data = time.monotonic()
        if self._cipher and kind in _ENCRYPTED:
            for start in range(0, len(data), wire.MAX_PAYLOAD // 2):  # sealed pieces may not run together
                self._outbox.put(PayloadType.NONE, b"")
                self._outbox.put(kind, self._cipher.seal(data[start : start + wire.MAX_PAYLOAD // 2]))
        else:
            self._outbox.put(kind, data)
        self._send_pending()

    async def flush(self) -> None:
        """Wait until everything is acknowledged, FLUSH_SECONDS at most."""
        deadline = _now() + FLUSH_SECONDS
        while (self._outbox or self._sender.unacked) and self.end is None and _now() < deadline:
            await asyncio.sleep(TICK / 5)

    # The handshake

    async def _serve(self, serve: Callable[[Agent], Awaitable[None]]) -> None:
        try:
            await self._shake_hands()
            await serve(self)
            await self.flush()
            self.finish()
        except SessionOver:
            pass
        except TimeoutError:
            self.finish("The client did not answer the handshake in time.")
        except DeployerError as error:
            self.finish(error.message)

    async def _shake_hands(self) -> None:
        plan, challenge = self.plan, secrets.token_urlsafe(32)
        actions = [payloads.Action(payloads.SESSION_TYPE, _type_parameters(plan))]
        if plan.key:
            actions.append(payloads.Action(payloads.KMS_ENCRYPTION, {"KMSKeyId": plan.key, "Challenge": challenge}))
        started = time.monotonic_ns()
        self.post(PayloadType.HANDSHAKE_REQUEST, HandshakeRequest(plan.version, tuple(actions)).payload())
        answer = HandshakeResponse.parse(await self._expect(PayloadType.HANDSHAKE_RESPONSE))
        if refused := next((done for done in answer.processed if done.status != ActionStatus.SUCCESS), None):
            raise DeployerError(f"The client failed at {refused.type}: {refused.error}")
        await self._agree_on_key(answer, challenge)
        done = payloads.HandshakeComplete(time.monotonic_ns() - started, plan.message)
        self.post(PayloadType.HANDSHAKE_COMPLETE, done.payload())

    async def _agree_on_key(self, answer: HandshakeResponse, challenge: str) -> None:
        done = next((p for p in answer.processed if p.type == payloads.KMS_ENCRYPTION), None)
        if not self.plan.key or self.plan.open_key is None or done is None:
            return
        cipher, secret = self.plan.open_key(done, challenge), secrets.token_bytes(32)
        self.post(PayloadType.CHALLENGE_REQUEST, payloads.challenge_payload(cipher.seal(secret)))
        back = payloads.read_challenge(await self._expect(PayloadType.CHALLENGE_RESPONSE))
        if not secrets.compare_digest(cipher.open(back), secret):
            raise DeployerError("The client did not answer the encryption challenge correctly.")
        self._cipher = cipher

    async def _expect(self, kind: PayloadType) -> bytes:
        """The next payload of a kind; others are dropped, as the real agent does during the handshake."""
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            while (message := await self._next()).payload_type != kind:
                pass
        return message.payload

    async def _next(self) -> Message:
        while (message := self._receiver.take()) is None:
            if self.end is not None:
                raise SessionOver
            self._arrived.clear()
            await self._arrived.wait()
        return message

    # Frames out

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self._send_pending()

    def _send_pending(self) -> None:
        now = _now()
        if self._write is None:
            return
        for message in self._sender.due(now):
            self._put(message)
        while self._outbox and self._sender.has_room:
            kind, payload = self._outbox.cut()
            if kind != PayloadType.NONE:  # a mark between sealed pieces
                self._put(self._sender.add(kind, payload, now))
        self._progress.set()

    def _put(self, message: Message) -> None:
        if self._write is not None:
            self._write(wire.encode(message))


def closed_frame(session_id: str, reason: str) -> bytes:
    """The frame that closes a channel."""
    payload = payloads.ChannelClosed(session_id, reason).payload()
    return wire.encode(Message(wire.CHANNEL_CLOSED, *_stamp(), payload))


def _type_parameters(plan: AgentPlan) -> Mapping[str, object]:
    return {"SessionType": plan.session_type, "Properties": plan.properties}


def _now() -> float:
    return time.monotonic()


def _stamp() -> tuple[UUID, int]:
    return uuid4(), time.time_ns() // 1_000_000
