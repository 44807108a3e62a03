"""One session's data channel: a reader, a writer, and a socket that may come and go under them.

The reader starts with the socket and takes every message into one ordered queue; `receive` hands it on in order,
handshake included, so no message can meet a handler that is not there yet. Whatever is to be sent is queued first
and written after, so a lost socket loses nothing: the session is resumed, and what is unacknowledged goes again.
When nobody calls `receive`, the reader stops reading and TCP holds the far end back: agents throw away what exceeds
their own buffer, so nothing may be left for them to repeat for long.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from generator.channel import payloads, wire
from generator.channel.buffers import Flow
from generator.channel.calls import is_refusal, started, unhurried
from generator.channel.connection_loop import converse, session_lost
from generator.channel.framelog import LOG
from generator.channel.handshake import Handshake
from generator.channel.session import ChannelOptions, End, EndKind, SessionGrant, SessionService, Stats
from generator.channel.transport import Connect, Connection, ConnectionLost, connect_websocket
from generator.errors import DeployerError, NotFound

FIRST_TRIES = 5
ESTABLISHED = 10.0  # seconds after which a connection counts as having worked
SHORTEST_DELAY, LONGEST_DELAY = 0.1, 5.0  # seconds between tries to connect
TERMINATION = 10.0  # seconds for the call that ends the session
ACCESS_ENDED = End(EndKind.ACCESS_ENDED, "The time of access is over.")
HEAD_START = 0.25  # seconds for the agent to hear of the end before the service does
FAREWELL = 1.0  # seconds for the service to confirm an end the call could not bring about


@dataclass(frozen=True, slots=True)
class Received:
    """One message after the handshake, in order and decrypted."""

    type: int
    payload: bytes = field(repr=False)


@asynccontextmanager
async def open_channel(
    service: SessionService,
    options: ChannelOptions | None = None,
    connect: Connect = connect_websocket,
    stats: Stats | None = None,
) -> AsyncIterator[Channel]:
    """Start a session, shake hands, and end the session on every way out of the block, cancellation included.

    Raises what `service.start` raises, and `DeployerError` with code `channel-refused`, `channel-unreachable`,
    `handshake-failed` or `session-lost`. Figures are added to `stats` where one is given.
    """
    channel = Channel(await started(service), service, options or ChannelOptions(), connect, stats or Stats())
    try:
        await channel.begin()
        yield channel
    finally:
        await unhurried(channel.close())


class Channel:
    """A session's two streams of messages. Made by `open_channel`."""

    def __init__(
        self, grant: SessionGrant, service: SessionService, options: ChannelOptions, connect: Connect, stats: Stats
    ) -> None:
        self.options = options
        self.stats = stats
        stats.session_id = grant.session_id
        stats.sessions += 1
        self.handshake = Handshake(grant, service, options.client_version)
        self._flow = Flow(self.handshake, stats, options.rate)
        self._grant, self._service, self._connect = grant, service, connect
        self._client_id = str(uuid4())
        self._loop = asyncio.get_running_loop()
        self._failure: BaseException | None = None
        self._held: Received | None = None  # an old agent's first output, which stands for a handshake
        self._lost_at = self._loop.time()
        self._connection: Connection | None = None
        self._live: asyncio.Task[None] | None = None
        self._curfew: asyncio.TimerHandle | None = None

    @property
    def end(self) -> End | None:
        """How the channel ended, None while it lasts."""
        return self._flow.end

    # What the session's own logic uses

    async def begin(self) -> None:
        """Connect and shake hands."""
        if self.options.until:
            left = (self.options.until - datetime.now(self.options.until.tzinfo)).total_seconds()
            self._curfew = self._loop.call_later(max(left, 0), self._flow.finish, ACCESS_ENDED)
        self._live = asyncio.create_task(self._stay_connected())
        self._live.add_done_callback(self._note_bug)
        try:
            async with asyncio.timeout(self.options.handshake_timeout):
                await self._shake_hands()
        except TimeoutError as error:
            raise DeployerError(
                f"The agent of {self._grant.target_id or 'the target'} did not finish its handshake in time.",
                "Look at the agent with: deployer doctor",
                code="handshake-failed",
            ) from error

    async def receive(self) -> Received | None:
        """The next message in order; None when the channel is over and everything before its end was handed on."""
        if self._held:
            held, self._held = self._held, None
            return held
        message = await self._flow.next()
        if message is None:
            return None
        payload = self.handshake.opened(message)
        if message.payload_type == wire.PayloadType.OUTPUT:
            self.stats.received += len(payload)
        return Received(message.payload_type, payload)

    async def write(self, data: bytes) -> None:
        """Send bytes of the user's stream, contiguously; waits while too much is waiting already.

        Raises ConnectionLost when the channel is over.
        """
        self._flow.post(wire.PayloadType.OUTPUT, data)
        self.stats.sent += len(data)
        await self._flow.wait_for_space()

    def post(self, payload_type: int, payload: bytes) -> None:
        """Queue one payload behind everything queued before, without waiting. Raises as `write` does."""
        self._flow.post(payload_type, payload)

    async def flush(self) -> None:
        """Wait until everything queued is acknowledged, or the channel is over."""
        await self._flow.flush()

    def raise_if_lost(self) -> None:
        """Raise the failure that ended the channel, if a failure did."""
        if self._failure:
            raise self._failure

    def figures(self) -> Stats:
        """The channel's figures, up to date."""
        self.stats.unacked = self._flow.sender.unacked
        self.stats.round_trip = self._flow.sender.round_trip.mean
        return self.stats

    async def drop(self) -> None:
        """Close the socket as if the network had, so that the session is resumed: a self-test."""
        if self._connection:
            await self._connection.close()

    async def close(self) -> None:
        """End the session: tell the agent, tell the service, let go of the socket. Never raises."""
        over = self.end is not None and self.end.kind is EndKind.REMOTE
        if not over:
            await self._terminate()
        self._flow.finish(End(EndKind.LOCAL))
        self.figures()
        if self._curfew:
            self._curfew.cancel()
        if self._live:
            self._live.cancel()
            await asyncio.gather(self._live, return_exceptions=True)

    # The handshake

    async def _shake_hands(self) -> None:
        while not self.handshake.complete:
            message = await self._flow.next()
            if message is None:
                self.raise_if_lost()
                reason = self.end.reason if self.end else ""
                raise DeployerError(
                    f"The session {self._grant.session_id} ended before it began{': ' + reason if reason else ''}.",
                    "Look at the agent and the session document with: deployer doctor",
                    code="handshake-failed",
                )
            answer = await self.handshake.step(message)
            if answer:
                self.post(*answer)
            if self.handshake.skipped:
                self._held = Received(message.payload_type, message.payload)
            if self.handshake.failure:
                await self.flush()
                raise self.handshake.failure
        self.stats.agent_version = self.handshake.agent_version

    # The socket's life

    async def _stay_connected(self) -> None:
        """Hold a connection until the channel is over; the end it leaves behind says how it went."""
        try:
            connection = await self._first_connection()
            while not await self._lasted(connection):
                connection = await self._resumed()
                self.stats.reconnects += 1
        except DeployerError as error:
            if not self.end:
                self._failure = error
            self._flow.finish(End(EndKind.LOST, error.message))

    async def _lasted(self, connection: Connection) -> bool:
        """Serve one connection; False when it was lost before the channel was over."""
        since, self._connection, self.stats.connected = self._loop.time(), connection, True
        try:
            await converse(self._flow, connection, self.options)
        except ConnectionLost as lost:
            LOG.debug("connection lost: %s", lost)
        finally:
            self.stats.connected = False
            await unhurried(connection.close())
        now = self._loop.time()
        if self._flow.heard > since or now - since > ESTABLISHED:
            self._lost_at = now  # else it is still the same disturbance
        return self.end is not None

    async def _first_connection(self) -> Connection:
        delay = SHORTEST_DELAY
        for tries_left in reversed(range(FIRST_TRIES)):
            try:
                return await self._opened(self._grant.token)
            except (ConnectionLost, OSError) as error:
                if not tries_left:
                    raise _unreachable(error) from error
            await asyncio.sleep(delay * (1 + random.random()))  # noqa: S311 - jitter, no secret
            delay *= 2
        raise AssertionError("the last try raises")

    async def _opened(self, token: str) -> Connection:
        """Open the socket and say who is there. The opening carries the token and is not logged."""
        headers = await asyncio.to_thread(self._service.sign, self._grant.stream_url)
        connection = await self._connect(self._grant.stream_url, headers, self.options)
        opening = payloads.Opening(token, self._client_id, str(uuid4()), self.options.client_version)
        try:
            await connection.send(opening.text())
        except BaseException:
            await connection.close()
            raise
        LOG.debug("> opening of %s signed=%s", self._grant.session_id, bool(headers))
        return connection

    async def _resumed(self) -> Connection:
        """Resume with backoff until it works, is refused, or has taken too long (`session-lost`)."""
        delay = SHORTEST_DELAY * (1 + random.random())  # noqa: S311 - jitter, no secret
        while True:
            try:
                return await self._opened(await self._new_token())
            except (ConnectionLost, OSError, DeployerError) as error:
                too_late = self._loop.time() + delay > self._lost_at + self.options.resume_for
                if self.end or too_late or is_refusal(error):
                    raise session_lost(str(error)) from error
                LOG.debug("resume failed: %s", error)
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)

    async def _new_token(self) -> str:
        token = await asyncio.to_thread(self._service.resume, self._grant.session_id)
        if not token:
            raise NotFound("AWS has ended it", code="session-over")
        return token

    async def _terminate(self) -> None:
        flag = wire.flag_payload(wire.Flag.TERMINATE_SESSION)
        if self.end is None and self.handshake.complete:
            self.post(wire.PayloadType.FLAG, flag)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.flush(), HEAD_START)
        try:
            async with asyncio.timeout(TERMINATION):
                await asyncio.to_thread(self._service.terminate, self._grant.session_id)
        except (DeployerError, OSError, TimeoutError) as error:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._flow.ended.wait(), FAREWELL)
            if not self.end or self.end.kind is not EndKind.REMOTE:
                self.stats.not_terminated = self._grant.session_id
                LOG.warning("The session %s may still be open: %s", self._grant.session_id, error)

    def _note_bug(self, live: asyncio.Task[None]) -> None:
        """An error nobody foresaw must not leave a reader waiting: it ends the channel and is raised to its user."""
        if not live.cancelled() and (error := live.exception()):
            self._failure = self._failure or error
            self._flow.finish(End(EndKind.LOST, str(error)))


def _unreachable(error: Exception) -> DeployerError:
    return DeployerError(
        f"The message gateway could not be reached: {error}.",
        "Check the network and HTTPS_PROXY, and for a private network the endpoint ssmmessages.",
        code="channel-unreachable",
    )
