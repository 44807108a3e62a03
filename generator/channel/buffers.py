"""A channel's two streams between its user and the current connection: queues, events, statistics. No socket.

Inbound, the connection loop hands frames over (`receive_frame`) and one user takes messages in order (`next`).
Outbound, the user queues payloads (`post`) and the connection loop takes messages (`next_to_send`). `finish` wakes all.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from uuid import UUID, uuid4

from generator.channel import payloads, reliability, wire
from generator.channel.framelog import LOG, log_frame
from generator.channel.handshake import Handshake
from generator.channel.pacing import Pacer
from generator.channel.session import End, EndKind, Stats
from generator.channel.transport import ConnectionLost
from generator.errors import DeployerError

MAX_QUEUED = 64 * 1024  # bytes that may wait to be cut into messages


def stamp() -> tuple[UUID, int]:
    """A new message's id and its time in Unix milliseconds."""
    return uuid4(), time.time_ns() // 1_000_000


class Buffers:
    """The state a channel keeps while connections come and go. Times are the event loop's, in seconds."""

    def __init__(self, handshake: Handshake, stats: Stats, rate: float) -> None:
        self.handshake, self.stats = handshake, stats
        self.sender, self.receiver = reliability.Sender(wire.INPUT, stamp), reliability.Receiver()
        self.outbox, self.pacer = reliability.Outbox(), Pacer(rate)
        self.acks: deque[wire.Message] = deque()  # messages to acknowledge
        self.end: End | None = None
        self.ended = asyncio.Event()
        self.last_received = 0.0  # when the last frame arrived
        self.paused = False  # reading has stopped until `next` makes room, so nothing can arrive
        self.wake = asyncio.Event()  # the send loop has something to do
        self._arrived, self._progress, self._room = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def finish(self, end: End) -> None:
        """End the channel; the first end counts."""
        if self.end is None:
            LOG.debug("end of %s: %s %s", self.stats.session_id, end.kind.value, end.reason)
            self.end = end
        for event in (self.wake, self._arrived, self._progress, self._room, self.ended):
            event.set()

    # Outbound

    def post(self, payload_type: int, payload: bytes) -> None:
        """Queue one payload behind everything queued before. Raises ConnectionLost when the channel has ended."""
        if self.end:
            raise ConnectionLost("the session is over")
        self.outbox.put(payload_type, payload)
        self.wake.set()

    async def drain(self) -> None:
        """Wait while too much is queued."""
        while self.outbox.size > MAX_QUEUED and not self.end:
            self._progress.clear()
            await self._progress.wait()

    async def flush(self) -> None:
        """Wait until everything queued is acknowledged, or the channel has ended."""
        while (self.outbox or self.sender.unacked) and not self.end:
            self._progress.clear()
            await self._progress.wait()

    def next_to_send(self) -> wire.Message | None:
        """The next message, encrypted, numbered and kept until acknowledged; None without one or with a full window."""
        if not (self.outbox and self.sender.has_room):
            return None
        payload_type, payload = self.outbox.cut()
        if self.outbox.size <= MAX_QUEUED // 2:
            self._progress.set()
        self.stats.messages_sent += 1
        return self.sender.add(payload_type, self.handshake.encrypt(payload_type, payload), self._loop.time())

    # Inbound

    async def next(self) -> wire.Message | None:
        """The next message in order; None when the channel has ended and every message before its end was taken."""
        while True:
            message = self.receiver.take()
            if message is not None:
                if self.paused and self.receiver.waiting <= reliability.READY // 2:
                    self._room.set()
                return message
            if self.end:
                return None
            self._arrived.clear()
            await self._arrived.wait()

    async def wait_for_room(self) -> None:
        """Wait while too many messages have not been taken. Nothing is read meanwhile, so nothing counts as late."""
        if self.receiver.has_room:
            return
        self._room.clear()
        self.paused = True
        try:
            await self._room.wait()
        finally:
            self.paused = False
            self.last_received = self._loop.time()
            self.sender.reset_timers(self.last_received)
            self.wake.set()

    def receive_frame(self, frame: bytes) -> None:
        """Handle one frame. An unreadable one is not acknowledged, so the agent sends it again."""
        self.last_received = self._loop.time()
        try:
            message = wire.decode(frame)
            log_frame("<", message)
            self._dispatch(message)
        except DeployerError as error:
            self.stats.bad_frames += 1
            LOG.debug("bad frame: %s", error)

    def _dispatch(self, message: wire.Message) -> None:
        if message.type == wire.OUTPUT:
            self._receive_data(message)
        elif message.type == wire.ACKNOWLEDGE:
            self._receive_acknowledgement(payloads.Acknowledged.parse(message.payload))
        elif message.type == wire.CHANNEL_CLOSED:
            self.finish(End(EndKind.REMOTE, payloads.ChannelClosed.parse(message.payload).output.strip()))

    def _receive_data(self, message: wire.Message) -> None:
        self.stats.messages_received += 1
        seen = self.receiver.duplicates
        taken = self.receiver.offer(message)
        self.stats.duplicates += self.receiver.duplicates - seen
        if taken:
            self.acks.append(message)
            self.wake.set()
            self._arrived.set()

    def _receive_acknowledgement(self, acknowledged: payloads.Acknowledged) -> None:
        if acknowledged.type == wire.INPUT and self.sender.acknowledged(acknowledged.sequence, self._loop.time()):
            self.wake.set()
            if not self.outbox and not self.sender.unacked:
                self._progress.set()
