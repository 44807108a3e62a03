"""Tunnels: local ports with a session behind them, replaced by a new session when it is lost."""

from __future__ import annotations

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from generator.channel import payloads
from generator.channel.basic import Basic
from generator.channel.blocking_calls import is_refusal, uncancelled
from generator.channel.channel import ACCESS_ENDED, Channel, open_channel
from generator.channel.framelog import LOG
from generator.channel.listen import Listen, bind
from generator.channel.mux import Mux
from generator.channel.session import ChannelOptions, End, SessionService, Stats, newer_than
from generator.channel.transport import Connect, connect_websocket
from generator.errors import DeployerError

LOCAL_FORWARDING = "LocalPortForwarding"
LAST_WITHOUT_MUX = "3.0.196.0"
LAST_WITH_KEEPALIVE = "3.1.1511.0"  # agents up to this drop a session that sends no smux frame for 30 seconds
KEEPALIVE = 10.0  # seconds, for those
FINAL = frozenset({"bad-frame", "not-a-port-document"})  # a new session would end the same way
REOPEN_DELAY, LONGEST_REOPEN_DELAY = 1.0, 30.0  # seconds between tries for a new session


def _ignore(port: int, session_id: str) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Forward:
    """One session to open and the local ports that lead into it, several where one document serves them all.

    `accepted` is called with the local port and the session's ID for each connection that the session takes.
    """

    service: SessionService
    listens: tuple[Listen, ...]
    accepted: Callable[[int, str], None] = _ignore


@asynccontextmanager
async def forward(
    wanted: Sequence[Forward], options: ChannelOptions | None = None, connect: Connect = connect_websocket
) -> AsyncIterator[tuple[Tunnel, ...]]:
    """Open a tunnel for each, all at once; inside the block every port listens. Every session ends with the block.

    Every port is bound before the first session is started. Raises `DeployerError` with code `port-in-use`,
    `not-a-port-document`, or what `open_channel` raises.
    """
    tunnels: list[Tunnel] = []
    try:
        for each in wanted:
            tunnels.append(Tunnel(each.service, options or ChannelOptions(), connect, each.accepted))
            for listen in each.listens:
                tunnels[-1].bind(listen)
        await asyncio.gather(*(tunnel.open() for tunnel in tunnels))
        yield tuple(tunnels)
    finally:
        await uncancelled(_close_all(tunnels))


async def _close_all(tunnels: Sequence[Tunnel]) -> None:
    await asyncio.gather(*(tunnel.close() for tunnel in tunnels))


class Tunnel:
    """Local ports leading into one session, or one session after another. Made by `forward`."""

    def __init__(
        self,
        service: SessionService,
        options: ChannelOptions,
        connect: Connect,
        accepted: Callable[[int, str], None] = _ignore,
    ) -> None:
        self.ports: list[int] = []  # in the order asked for
        self.end: End | None = None
        self._stats = Stats()
        self._service, self._options, self._connect, self._accepted = service, options, connect, accepted
        self._sockets: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[None]] = set()
        self._channel: Channel | None = None
        self._link: Mux | Basic | None = None
        self._linked = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._delay = REOPEN_DELAY

    async def wait(self) -> End:
        """Wait until the tunnel ends. Raises DeployerError when it was lost and no new session could be opened."""
        assert self._running, "only inside forward"
        await asyncio.wait({self._running})
        await self._running
        assert self.end
        return self.end

    def figures(self) -> Stats:
        """Statistics over all of the tunnel's sessions, up to date."""
        return self._channel.figures() if self._channel else self._stats

    @property
    def customer_message(self) -> str:
        """What the agent of the present session has to tell the user, "" for nothing."""
        return self._channel.handshake.customer_message if self._channel else ""

    async def drop(self) -> None:
        """Close the session's connection as a network failure would; for self-tests."""
        if self._channel:
            await self._channel.drop()

    # For forward

    def bind(self, listen: Listen) -> None:
        """Bind a local port, without listening on it yet."""
        made = bind(listen)
        self._sockets += made
        self.ports.append(made[0].getsockname()[1])

    async def open(self) -> None:
        """Open a session, then listen."""
        self._running = asyncio.create_task(self._keep_session())
        linked = asyncio.create_task(self._linked.wait())
        try:
            await asyncio.wait({self._running, linked}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            linked.cancel()
        if self._running.done():
            self._running.result()
        for each in self._sockets:
            self._servers.append(await asyncio.start_server(self._accept, sock=each))

    async def close(self) -> None:
        """Stop listening, close open connections, end the session."""
        for server in self._servers:
            server.close()
        for each in self._sockets:
            each.close()
        tasks = [*self._connections, *([self._running] if self._running else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # The session behind the ports

    async def _keep_session(self) -> None:
        """Keep a session behind the ports until one ends for good. A failure of the first one is final."""
        try:
            while self.end is None:
                try:
                    self.end = await self._one_session()
                except (DeployerError, OSError) as error:
                    if self._link is None or is_refusal(error) or getattr(error, "code", "") in FINAL:
                        raise
                    LOG.debug("opening a new session: %s", error)
                    await self._back_off()
        finally:
            self._linked.set()  # connections that wait for a session learn that none will come

    async def _back_off(self) -> None:
        await asyncio.sleep(self._delay)
        self._delay = min(self._delay * 2, LONGEST_REOPEN_DELAY)
        if self._access_ended():
            self.end = ACCESS_ENDED

    async def _one_session(self) -> End:
        """One session from its start to its end; raises when it was lost."""
        async with open_channel(self._service, self._options, self._connect, self._stats) as channel:
            self._channel, self._link = channel, self._forwarder(channel)
            self._linked.set()
            self._delay = REOPEN_DELAY
            try:
                await self._link.run()
            finally:
                self._linked.clear()
            channel.raise_if_lost()
            assert channel.end, "receive answers None after the end only"
            return channel.end

    def _forwarder(self, channel: Channel) -> Mux | Basic:
        handshake = channel.handshake
        if handshake.session_type != payloads.PORT or handshake.properties.get("type") != LOCAL_FORWARDING:
            raise DeployerError(
                f"The session's document opens a {handshake.session_type} session, which cannot carry a tunnel.",
                "Use a session document of type Port with LocalPortForwarding.",
                code="not-a-port-document",
            )
        if not newer_than(handshake.agent_version, LAST_WITHOUT_MUX):
            return Basic(channel)
        needed = None if newer_than(handshake.agent_version, LAST_WITH_KEEPALIVE) else KEEPALIVE
        return Mux(channel, keepalive=self._options.keepalive or needed)

    def _access_ended(self) -> bool:
        until = self._options.until
        return until is not None and datetime.now(until.tzinfo) >= until

    # The local connections

    def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.create_task(self._carry(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._stats.connections += 1
        self._stats.connections_total += 1
        try:
            await self._linked.wait()  # a lost session may be about to be replaced
            if self._link and self.end is None:
                self._accepted(writer.get_extra_info("sockname")[1], self._stats.session_id)
                await self._link.serve(reader, writer)
        finally:
            self._stats.connections -= 1
            await _close_writer(writer)


async def _close_writer(writer: StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
