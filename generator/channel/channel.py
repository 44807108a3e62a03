"""One session's data channel: a reader, a writer, and a connection that may be lost and replaced under them.

Reading starts with the connection, and every message goes into one ordered queue, those of the handshake included, so
no message can arrive before its handler. Whatever is to be sent is queued first and written after, so a lost connection
loses nothing: the session is resumed, and what is unacknowledged is sent again. When nobody calls `receive`, reading
stops and TCP's flow control slows the far end down: agents discard what exceeds their own buffer, so nothing may be
left for them to resend for long.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from generator.channel import connection_loop, payloads, wire
from generator.channel.blocking_calls import is_refusal, start_session, uncancelled
from generator.channel.buffers import Buffers
from generator.channel.framelog import LOG
from generator.channel.handshake import Handshake
from generator.channel.session import ChannelOptions, End, EndKind, SessionGrant, SessionService, Stats
from generator.channel.transport import Connect, Connection, ConnectionLost, connect_websocket
from generator.errors import DeployerError, NotFound

FIRST_TRIES = 5
ESTABLISHED = 10.0  # seconds after which a connection counts as having worked
SHORTEST_DELAY, LONGEST_DELAY = 0.1, 5.0  # seconds between tries to connect
TERMINATION = 10.0  # seconds for the call that ends the session
ACCESS_ENDED = End(EndKind.ACCESS_ENDED, "The time for this session is over.")
HEAD_START = 0.25  # seconds for the agent to learn of the end before the service does
SHUTDOWN_TIMEOUT = 1.0  # seconds for the service to report an end that TerminateSession could not confirm


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
    """Start a session and complete its handshake; end the session however the block ends, cancellation included.

    Raises what `service.start` raises, and `DeployerError` with code `channel-refused`, `channel-unreachable`,
    `handshake-failed` or `session-lost`. Statistics are added to `stats` if given.
    """
    channel = Channel(await start_session(service), service, options or ChannelOptions(), connect, stats or Stats())
    try:
        await channel.begin()
        yield channel
    finally:
        await uncancelled(channel.close())


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
        self._buffers = Buffers(self.handshake, stats, options.rate)
        self._grant, self._service, self._connect = grant, service, connect
        self._client_id = str(uuid4())
        self._loop = asyncio.get_running_loop()
        self._failure: BaseException | None = None
        self._first_output: Received | None = None  # of an old agent, which starts without a handshake
        self._lost_at = self._loop.time()
        self._connection: Connection | None = None
        self._connection_task: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._terminating = False  # a connection lost from here on is not resumed

    @property
    def end(self) -> End | None:
        """How the channel ended, None while it lasts."""
        return self._buffers.end

    # For shells, tunnels and the like

    async def begin(self) -> None:
        """Connect and complete the handshake. Raises DeployerError (`handshake-failed`) when that takes too long."""
        if self.options.until:
            left = (self.options.until - datetime.now(self.options.until.tzinfo)).total_seconds()
            self._deadline = self._loop.call_later(max(left, 0), self._buffers.finish, ACCESS_ENDED)
        self._connection_task = asyncio.create_task(self._stay_connected())
        self._connection_task.add_done_callback(self._record_crash)
        try:
            async with asyncio.timeout(self.options.handshake_timeout):
                await self._perform_handshake()
        except TimeoutError as error:
            raise DeployerError(
                f"The agent of {self._grant.target_id or 'the target'} did not finish its handshake in time.",
                "Look at the agent with: deployer doctor",
                code="handshake-failed",
            ) from error

    async def receive(self) -> Received | None:
        """The next message in order; None when the channel has ended and every message before its end was taken."""
        if self._first_output:
            first, self._first_output = self._first_output, None
            return first
        message = await self._buffers.next()
        if message is None:
            return None
        payload = self.handshake.decrypt(message)
        if message.payload_type == wire.PayloadType.OUTPUT:
            self.stats.received += len(payload)
        return Received(message.payload_type, payload)

    async def write(self, data: bytes) -> None:
        """Send bytes of the user's stream, contiguously; waits while too much is queued.

        Raises ConnectionLost when the channel has ended.
        """
        self._buffers.post(wire.PayloadType.OUTPUT, data)
        self.stats.sent += len(data)
        await self._buffers.drain()

    def post(self, payload_type: int, payload: bytes) -> None:
        """Queue one payload behind everything queued before, without waiting. Raises as `write` does."""
        self._buffers.post(payload_type, payload)

    async def flush(self) -> None:
        """Wait until everything queued is acknowledged, or the channel has ended."""
        await self._buffers.flush()

    def raise_if_lost(self) -> None:
        """Raise the failure that ended the channel, if a failure did."""
        if self._failure:
            raise self._failure

    def figures(self) -> Stats:
        """The channel's statistics, up to date."""
        self.stats.unacked = self._buffers.sender.unacked
        self.stats.round_trip = self._buffers.sender.round_trip.mean
        return self.stats

    async def drop(self) -> None:
        """Close the connection as a network failure would, so that the session is resumed; for self-tests."""
        if self._connection:
            await self._connection.close()

    async def close(self) -> None:
        """End the session with the agent and with the service, then close the connection. Never raises."""
        over = self.end is not None and self.end.kind is EndKind.REMOTE
        if not over:
            await self._terminate()
        self._buffers.finish(End(EndKind.LOCAL))
        self.figures()
        if self._deadline:
            self._deadline.cancel()
        if self._connection_task:
            self._connection_task.cancel()
            await asyncio.gather(self._connection_task, return_exceptions=True)

    # The handshake

    async def _perform_handshake(self) -> None:
        while not self.handshake.complete:
            message = await self._buffers.next()
            if message is None:
                self.raise_if_lost()
                reason = self.end.reason.rstrip(".") if self.end else ""
                raise DeployerError(
                    f"The session {self._grant.session_id} ended before it began{': ' + reason if reason else ''}.",
                    "Look at the agent and the session document with: deployer doctor",
                    code="handshake-failed",
                )
            answer = await self.handshake.step(message)
            if answer:
                self.post(*answer)
            if self.handshake.skipped:
                self._first_output = Received(message.payload_type, message.payload)
            if self.handshake.failure:
                await self.flush()
                raise self.handshake.failure
        self.stats.agent_version = self.handshake.agent_version

    # The connection

    async def _stay_connected(self) -> None:
        """Keep a connection until the channel ends; `end` then says how."""
        try:
            connection = await self._first_connection()
            while not await self._serve(connection):
                connection = await self._resume()
                self.stats.reconnects += 1
        except DeployerError as error:
            if not self.end:
                self._failure = error
            self._buffers.finish(End(EndKind.LOST, error.message))

    async def _serve(self, connection: Connection) -> bool:
        """Serve one connection; False when it was lost and the session is to be resumed."""
        since, self._connection, self.stats.connected = self._loop.time(), connection, True
        try:
            await connection_loop.run(self._buffers, connection, self.options)
        except ConnectionLost as lost:
            LOG.debug("connection lost: %s", lost)
        finally:
            self.stats.connected = False
            await uncancelled(connection.close())
        now = self._loop.time()
        if self._buffers.last_received > since or now - since > ESTABLISHED:
            self._lost_at = now  # else this is still the same outage
        return self.end is not None or self._terminating

    async def _first_connection(self) -> Connection:
        delay = SHORTEST_DELAY
        for tries_left in reversed(range(FIRST_TRIES)):
            try:
                return await self._open_connection(self._grant.token)
            except (ConnectionLost, OSError) as error:
                if not tries_left:
                    raise _unreachable(error) from error
            await asyncio.sleep(delay * (1 + random.random()))  # noqa: S311 - jitter, no secret
            delay *= 2
        raise AssertionError("the last try raises")

    async def _open_connection(self, token: str) -> Connection:
        """Open a connection and send the opening message, which carries the token and is not logged."""
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

    async def _resume(self) -> Connection:
        """Resume with backoff until it works, is refused, or has taken too long (`session-lost`)."""
        delay = SHORTEST_DELAY * (1 + random.random())  # noqa: S311 - jitter, no secret
        while True:
            try:
                return await self._open_connection(await self._new_token())
            except (ConnectionLost, OSError, DeployerError) as error:
                too_late = self._loop.time() + delay > self._lost_at + self.options.resume_for
                if self.end or too_late or is_refusal(error):
                    raise connection_loop.session_lost(str(error)) from error
                LOG.debug("resume failed: %s", error)
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)

    async def _new_token(self) -> str:
        token = await asyncio.to_thread(self._service.resume, self._grant.session_id)
        if not token:
            raise NotFound("it was ended", code="session-over")
        return token

    async def _terminate(self) -> None:
        flag = wire.flag_payload(wire.Flag.TERMINATE_SESSION)
        if self.end is None and self.handshake.complete:
            self.post(wire.PayloadType.FLAG, flag)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.flush(), HEAD_START)
        self._terminating = True
        try:
            async with asyncio.timeout(TERMINATION):
                await asyncio.to_thread(self._service.terminate, self._grant.session_id)
        except (DeployerError, OSError, TimeoutError) as error:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._buffers.ended.wait(), SHUTDOWN_TIMEOUT)
            if not self.end or self.end.kind is not EndKind.REMOTE:
                self.stats.not_terminated = self._grant.session_id
                LOG.warning("The session %s may still be open: %s", self._grant.session_id, error)

    def _record_crash(self, task: asyncio.Task[None]) -> None:
        """End the channel on an unexpected error, so that its user gets the error and does not wait for ever."""
        if not task.cancelled() and (error := task.exception()):
            self._failure = self._failure or error
            self._buffers.finish(End(EndKind.LOST, str(error)))


def _unreachable(error: Exception) -> DeployerError:
    return DeployerError(
        f"The message gateway could not be reached: {error}.",
        "Check the network and HTTPS_PROXY, and for a private network the endpoint ssmmessages.",
        code="channel-unreachable",
    )
