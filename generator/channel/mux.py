"""Many local connections on one port session: the client's side of smux version 1.

Frames are appended whole to the channel's byte stream, so they are contiguous however it is cut. A stream's FIN ends
both directions at the agent; after the local side has finished asking, ours therefore waits until the answer has
ended or has paused for a while. There is no flow control for one stream: what a slow reader leaves lies here, up to
a bound for all streams together, and beyond it the whole session waits.
"""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from contextlib import suppress

from generator.channel import smux, wire
from generator.channel.channel import Channel
from generator.channel.listen import reset
from generator.channel.smux import Command, Frame
from generator.channel.transport import ConnectionLost

PIECE = 8 * 1024  # bytes of one connection in one frame: small, so that connections take turns
HELD = 4 << 20  # bytes all streams may hold for their readers
FIRST_STREAM, NEXT_STREAM = 3, 2  # client ids are odd and begin at 3


class _Stream:
    """What has come for one connection and was not written to it yet."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.whole = False  # the far side said that this was all
        self._over = False
        self._asked = False  # the local side has said its last
        self._held = bytearray()
        self._news = asyncio.Event()

    @property
    def held(self) -> int:
        """Bytes that wait to be read."""
        return len(self._held)

    def feed(self, data: bytes) -> None:
        self._held += data
        self._news.set()

    def finish(self, *, whole: bool) -> None:
        self.whole = self.whole or (whole and not self._over)
        self._over = True
        self._news.set()

    def asked(self) -> None:
        self._asked = True
        self._news.set()

    async def read(self, patience: float) -> bytes:
        """Everything held; b"" at the end, or after `patience` seconds of nothing when the local side has finished."""
        while not self._held and not self._over:
            self._news.clear()
            try:
                async with asyncio.timeout(patience if self._asked else None):
                    await self._news.wait()
            except TimeoutError:
                break
        data = bytes(self._held)
        self._held.clear()
        return data


class Mux:
    """The streams of one channel. `run` reads until the channel is over; `serve` carries one local connection."""

    def __init__(self, channel: Channel, *, keepalive: float | None = None) -> None:
        """`keepalive`: seconds between NOP frames, None for none."""
        self._channel = channel
        self._keepalive = keepalive
        self._parser = smux.Parser()
        self._streams: dict[int, _Stream] = {}
        self._next = FIRST_STREAM
        self._held = 0
        self._room = asyncio.Event()

    async def run(self) -> None:
        """Hand arriving frames to their streams; when the channel is over, end them all."""
        beat = asyncio.create_task(self._beat()) if self._keepalive else None
        try:
            while (received := await self._channel.receive()) is not None:
                if received.type == wire.PayloadType.OUTPUT:
                    for frame in self._parser.feed(received.payload):
                        await self._take(frame)
                elif received.type == wire.PayloadType.FLAG:
                    self._note(wire.read_flag(received.payload))
        finally:
            if beat:
                beat.cancel()
            for stream in self._streams.values():
                stream.finish(whole=False)
            self._room.set()

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Carry one connection until either side is done with it; aborts it when the session ends under it."""
        stream = self._open()
        asking = asyncio.create_task(self._ask(stream, reader))
        try:
            await self._answer(stream, writer)
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            self._close(stream)
        if self._channel.end and not stream.whole:
            reset(writer)

    # One stream

    def _open(self) -> _Stream:
        stream = _Stream(self._next)
        self._next += NEXT_STREAM
        self._streams[stream.number] = stream
        self._say(Frame(Command.SYN, stream.number))
        if self._channel.end:
            stream.finish(whole=False)
        return stream

    async def _ask(self, stream: _Stream, reader: StreamReader) -> None:
        """Local bytes to the far side, until the local side has finished or is gone."""
        try:
            while data := await reader.read(PIECE):
                await self._channel.write(smux.encode(Frame(Command.PSH, stream.number, data)))
            stream.asked()
        except (ConnectionError, ConnectionLost):
            stream.finish(whole=False)

    async def _answer(self, stream: _Stream, writer: StreamWriter) -> None:
        """Far bytes to the local side, until either has finished."""
        with suppress(ConnectionError):  # the local side has gone: nobody is left to answer
            while data := await stream.read(self._channel.options.half_close):
                try:
                    writer.write(data)
                    await writer.drain()
                finally:
                    self._release(len(data))

    def _close(self, stream: _Stream) -> None:
        del self._streams[stream.number]
        self._release(stream.held)
        self._say(Frame(Command.FIN, stream.number))

    # All of them

    async def _take(self, frame: Frame) -> None:
        stream = self._streams.get(frame.stream)
        if stream is None:
            return  # closed here while it was under way
        if frame.command == Command.PSH:
            await self._wait_for_room()
            self._held += len(frame.data)
            stream.feed(frame.data)
        elif frame.command == Command.FIN:
            stream.finish(whole=True)

    async def _wait_for_room(self) -> None:
        while self._held >= HELD and not self._channel.end:
            self._room.clear()
            await self._room.wait()

    def _release(self, count: int) -> None:
        self._held -= count
        self._room.set()

    def _note(self, flag: int) -> None:
        if flag == wire.Flag.CONNECT_TO_PORT_ERROR:
            self._channel.stats.refused += 1

    def _say(self, frame: Frame) -> None:
        with suppress(ConnectionLost):
            self._channel.post(wire.PayloadType.OUTPUT, smux.encode(frame))

    async def _beat(self) -> None:
        while self._keepalive and not self._channel.end:
            await asyncio.sleep(self._keepalive)
            self._say(Frame(Command.NOP, 0))
