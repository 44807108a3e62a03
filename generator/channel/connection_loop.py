"""One connection of a channel: reading, writing and watching it, until it is lost or the channel is over."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from generator.channel import payloads, wire
from generator.channel.buffers import Flow, stamp
from generator.channel.framelog import log_frame
from generator.channel.pacing import ACKNOWLEDGEMENT
from generator.channel.session import ChannelOptions
from generator.channel.transport import Connection, ConnectionLost
from generator.errors import DeployerError


async def converse(flow: Flow, connection: Connection, options: ChannelOptions) -> None:
    """Serve a fresh connection; what was in flight on the one before goes again.

    Returns when the channel is over. Raises ConnectionLost, and `session_lost` when nothing is acknowledged for long.
    """
    conversation = _Conversation(flow, connection, options)
    flow.heard = asyncio.get_running_loop().time()
    flow.sender.reconnected(flow.heard)
    await _first_of(conversation.read(), conversation.speak(), conversation.keep_alive())


def session_lost(why: str) -> DeployerError:
    """A session that cannot be continued (code `session-lost`)."""
    return DeployerError(
        f"The session was lost and could not be resumed: {why.rstrip('.')}.",
        "Connect again; deployer sessions shows what is still open.",
        code="session-lost",
    )


class _Conversation:
    def __init__(self, flow: Flow, connection: Connection, options: ChannelOptions) -> None:
        self._flow, self._connection, self._options = flow, connection, options
        self._loop = asyncio.get_running_loop()

    async def read(self) -> None:
        """Take frames in as long as somebody takes them out."""
        while not self._flow.end:
            await self._flow.wait_for_room()
            self._flow.take_in(await self._connection.receive())

    async def speak(self) -> None:
        """Acknowledge first, repeat what is late, then say what is new as fast as the pacer allows."""
        while not self._flow.end:
            self._flow.wake.clear()
            await self._acknowledge()
            if not self._flow.deaf:
                await self._repeat()
                self._check_alive()
            await self._say()
            await self._sleep(self._pause())

    async def keep_alive(self) -> None:
        """Ping; a connection that has answered before and answers no more is given up."""
        answered = False
        while not self._flow.end:
            await asyncio.sleep(self._options.ping_interval)
            asked = self._loop.time()
            try:
                async with asyncio.timeout(self._options.ping_timeout):
                    await self._connection.ping()
                answered = True
            except TimeoutError:
                if answered and not self._flow.deaf and self._flow.heard < asked:
                    raise ConnectionLost("a ping was not answered") from None

    async def _acknowledge(self) -> None:
        acks = self._flow.acks
        while acks:
            ack = payloads.acknowledgement(acks[0], *stamp())
            self._flow.pacer.spend(self._loop.time(), ACKNOWLEDGEMENT)
            log_frame(">", ack)
            await self._connection.send(wire.encode(ack))
            acks.popleft()

    async def _repeat(self) -> None:
        now = self._loop.time()
        if self._flow.pacer.ready(now):
            for message in self._flow.sender.due(now):
                self._flow.stats.resent += 1
                await self._send(message, "again")

    async def _say(self) -> None:
        while not self._flow.acks and self._flow.pacer.ready(self._loop.time()):
            message = self._flow.next_to_send()
            if message is None:
                return
            await self._send(message)

    async def _send(self, message: wire.Message, note: str = "") -> None:
        self._flow.pacer.spend(self._loop.time())
        log_frame(">", message, note)
        await self._connection.send(wire.encode(message))

    def _pause(self) -> float | None:
        """Seconds until there may be something to do without being woken; None: sleep until woken."""
        flow, now = self._flow, self._loop.time()
        due = None if flow.deaf else flow.sender.next_due()
        waiting = bool(flow.outbox and flow.sender.has_room) or (due is not None and due <= now)
        if waiting and not flow.pacer.ready(now):
            return flow.pacer.wait(now)
        if waiting or flow.acks:
            return 0.0
        return None if due is None else due - now

    async def _sleep(self, seconds: float | None) -> None:
        wake = self._flow.wake
        timer = self._loop.call_later(seconds, wake.set) if seconds is not None else None
        try:
            await wake.wait()
        finally:
            if timer:
                timer.cancel()

    def _check_alive(self) -> None:
        now = self._loop.time()
        waited = self._flow.sender.waited(now)
        if waited > self._options.give_up:
            raise session_lost("the agent acknowledges nothing")
        if min(waited, now - self._flow.heard) > self._options.silence:
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
