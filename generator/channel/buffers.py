"""A channel's two streams between whoever uses them and whatever socket there is: queues, events, figures. No socket.

The reader's side puts frames in (`take_in`), one user takes messages out in order (`next`); the user puts payloads in
(`write`, `post`), the writer's side takes messages out. `finish` wakes everyone.
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

OUTBOX = 64 * 1024  # bytes that may wait to be cut into messages


def stamp() -> tuple[UUID, int]:
    """A new message's id and its time in Unix milliseconds."""
    return uuid4(), time.time_ns() // 1_000_000


class Flow:
    """The state a channel keeps while connections come and go. `now` is the event loop's time in seconds."""

    def __init__(self, handshake: Handshake, stats: Stats, rate: float) -> None:
        self.handshake, self.stats = handshake, stats
        self.sender, self.receiver = reliability.Sender(wire.INPUT, stamp), reliability.Receiver()
        self.outbox, self.pacer = reliability.Outbox(), Pacer(rate)
        self.acks: deque[wire.Message] = deque()  # messages to acknowledge
        self.end: End | None = None
        self.ended = asyncio.Event()
        self.heard = 0.0  # when a frame came last
        self.deaf = False  # the reader waits for `next`, so nothing can be heard
        self.wake = asyncio.Event()  # the writer has something to do
        self._arrived, self._progress, self._room = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def finish(self, end: End) -> None:
        """The channel is over; the first end counts."""
        if self.end is None:
            LOG.debug("end of %s: %s %s", self.stats.session_id, end.kind.value, end.reason)
            self.end = end
        for event in (self.wake, self._arrived, self._progress, self._room, self.ended):
            event.set()

    # Out

    def post(self, payload_type: int, payload: bytes) -> None:
        """Queue one payload behind everything queued before. Raises ConnectionLost when the channel is over."""
        if self.end:
            raise ConnectionLost("the session is over")
        self.outbox.put(payload_type, payload)
        self.wake.set()

    async def wait_for_space(self) -> None:
        """Wait while too much is queued."""
        while self.outbox.size > OUTBOX and not self.end:
            self._progress.clear()
            await self._progress.wait()

    async def flush(self) -> None:
        """Wait until everything queued is acknowledged, or the channel is over."""
        while (self.outbox or self.sender.unacked) and not self.end:
            self._progress.clear()
            await self._progress.wait()

    def next_to_send(self) -> wire.Message | None:
        """Cut, seal, number and keep the next message; None when there is none or the window is full."""
        if not (self.outbox and self.sender.has_room):
            return None
        payload_type, payload = self.outbox.cut()
        if self.outbox.size <= OUTBOX // 2:
            self._progress.set()
        self.stats.messages_sent += 1
        return self.sender.add(payload_type, self.handshake.sealed(payload_type, payload), self._loop.time())

    # In

    async def next(self) -> wire.Message | None:
        """The next message in order; None when the channel is over and all before its end was taken."""
        while True:
            message = self.receiver.take()
            if message is not None:
                if self.deaf and self.receiver.waiting <= reliability.READY // 2:
                    self._room.set()
                return message
            if self.end:
                return None
            self._arrived.clear()
            await self._arrived.wait()

    async def wait_for_room(self) -> None:
        """Wait while too much has come that nobody has taken. Not hearing meanwhile, nothing can be late either."""
        if self.receiver.has_room:
            return
        self._room.clear()
        self.deaf = True
        try:
            await self._room.wait()
        finally:
            self.deaf = False
            self.heard = self._loop.time()
            self.sender.excuse(self.heard)
            self.wake.set()

    def take_in(self, frame: bytes) -> None:
        """Sort one frame; what cannot be read is not acknowledged and so comes again."""
        self.heard = self._loop.time()
        try:
            message = wire.decode(frame)
            log_frame("<", message)
            self._sort(message)
        except DeployerError as error:
            self.stats.bad_frames += 1
            LOG.debug("bad frame: %s", error)

    def _sort(self, message: wire.Message) -> None:
        if message.type == wire.OUTPUT:
            self._take(message)
        elif message.type == wire.ACKNOWLEDGE:
            self._forget(payloads.Acknowledged.parse(message.payload))
        elif message.type == wire.CHANNEL_CLOSED:
            self.finish(End(EndKind.REMOTE, payloads.ChannelClosed.parse(message.payload).output.strip()))

    def _take(self, message: wire.Message) -> None:
        self.stats.messages_received += 1
        seen = self.receiver.duplicates
        taken = self.receiver.offer(message)
        self.stats.duplicates += self.receiver.duplicates - seen
        if taken:
            self.acks.append(message)
            self.wake.set()
            self._arrived.set()

    def _forget(self, acknowledged: payloads.Acknowledged) -> None:
        if acknowledged.type == wire.INPUT and self.sender.acknowledged(acknowledged.sequence, self._loop.time()):
            self.wake.set()
            if not self.outbox and not self.sender.unacked:
                self._progress.set()
