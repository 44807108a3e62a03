"""One connection of a channel: receive, send and keep alive, until it is lost or the channel ends."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from generator.channel import payloads, wire
from generator.channel.buffers import Buffers, stamp
from generator.channel.framelog import log_frame
from generator.channel.pacing import ACKNOWLEDGEMENT
from generator.channel.session import ChannelOptions
from generator.channel.transport import Connection, ConnectionLost
from generator.errors import DeployerError


async def run(buffers: Buffers, connection: Connection, options: ChannelOptions) -> None:
    """Serve a new connection; whatever was in flight on the one before is sent again.

    Returns when the channel has ended. Raises ConnectionLost, and `session_lost` when nothing is acknowledged for
    `options.give_up` seconds.
    """
    loop = _ConnectionLoop(buffers, connection, options)
    buffers.last_received = asyncio.get_running_loop().time()
    buffers.sender.reconnected(buffers.last_received)
    await _first_of(loop.receive_loop(), loop.send_loop(), loop.keepalive_loop())


def session_lost(why: str) -> DeployerError:
    """A session that cannot be continued (code `session-lost`)."""
    return DeployerError(
        f"The session was lost and could not be resumed: {why.rstrip('.')}.",
        "Connect again; deployer sessions shows what is still open.",
        code="session-lost",
    )


class _ConnectionLoop:
    def __init__(self, buffers: Buffers, connection: Connection, options: ChannelOptions) -> None:
        self._buffers, self._connection, self._options = buffers, connection, options
        self._loop = asyncio.get_running_loop()

    async def receive_loop(self) -> None:
        """Read frames, and stop reading while too many wait to be taken."""
        while not self._buffers.end:
            await self._buffers.wait_for_room()
            self._buffers.receive_frame(await self._connection.receive())

    async def send_loop(self) -> None:
        """Acknowledge first, retransmit what is due, then send what is new as fast as the pacer allows."""
        while not self._buffers.end:
            self._buffers.wake.clear()
            await self._acknowledge()
            if not self._buffers.paused:
                await self._retransmit()
                self._check_alive()
            await self._send_pending()
            await self._sleep(self._next_wait())

    async def keepalive_loop(self) -> None:
        """Ping. Raises ConnectionLost when a connection that has answered before stops answering."""
        answered = False
        while not self._buffers.end:
            await asyncio.sleep(self._options.ping_interval)
            asked = self._loop.time()
            try:
                async with asyncio.timeout(self._options.ping_timeout):
                    await self._connection.ping()
                answered = True
            except TimeoutError:
                if answered and not self._buffers.paused and self._buffers.last_received < asked:
                    raise ConnectionLost("a ping was not answered") from None

    async def _acknowledge(self) -> None:
        acks = self._buffers.acks
        while acks:
            ack = payloads.acknowledgement(acks[0], *stamp())
            self._buffers.pacer.spend(self._loop.time(), ACKNOWLEDGEMENT)
            log_frame(">", ack)
            await self._connection.send(wire.encode(ack))
            acks.popleft()

    async def _retransmit(self) -> None:
        now = self._loop.time()
        if self._buffers.pacer.ready(now):
            for message in self._buffers.sender.due(now):
                self._buffers.stats.resent += 1
                await self._send(message, "resent")

    async def _send_pending(self) -> None:
        while not self._buffers.acks and self._buffers.pacer.ready(self._loop.time()):
            message = self._buffers.next_to_send()
            if message is None:
                return
            await self._send(message)

    async def _send(self, message: wire.Message, note: str = "") -> None:
        self._buffers.pacer.spend(self._loop.time())
        log_frame(">", message, note)
        await self._connection.send(wire.encode(message))

    def _next_wait(self) -> float | None:
        """Seconds until there may be something to do without being woken; None: sleep until woken."""
        buffers, now = self._buffers, self._loop.time()
        due = None if buffers.paused else buffers.sender.next_due()
        waiting = bool(buffers.outbox and buffers.sender.has_room) or (due is not None and due <= now)
        if waiting and not buffers.pacer.ready(now):
            return buffers.pacer.wait(now)
        if waiting or buffers.acks:
            return 0.0
        return None if due is None else due - now

    async def _sleep(self, seconds: float | None) -> None:
        wake = self._buffers.wake
        timer = self._loop.call_later(seconds, wake.set) if seconds is not None else None
        try:
            await wake.wait()
        finally:
            if timer:
                timer.cancel()

    def _check_alive(self) -> None:
        now = self._loop.time()
        waited = self._buffers.sender.waited(now)
        if waited > self._options.give_up:
            raise session_lost("the agent acknowledges nothing")
        if min(waited, now - self._buffers.last_received) > self._options.silence:
            raise ConnectionLost("silence while data is unacknowledged")


async def _first_of(*work: Coroutine[object, object, None]) -> None:
    """Run them together until one returns or raises; the others are cancelled."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
