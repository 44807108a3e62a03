"""Many local connections on one port session: the client's side of smux version 1.

Frames are appended whole to the channel's byte stream, so they are contiguous however it is cut. A stream's FIN ends
both directions at the agent; after the local side has finished sending, this side therefore waits until the answer has
ended or has paused for a while, or until the program that would read it has gone. There is no flow control per stream:
data for a slow reader is buffered here, up to a limit for all streams together, and beyond it the whole session waits.
"""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from contextlib import suppress

from generator.channel import smux, wire
from generator.channel.channel import Channel
from generator.channel.listen import reset
from generator.channel.local_program import until_gone
from generator.channel.smux import Command, Frame
from generator.channel.transport import ConnectionLost

PIECE = 8 * 1024  # bytes of one connection in one frame: small, so that connections take turns
MAX_BUFFERED = 4 << 20  # bytes, over all streams
FIRST_STREAM, NEXT_STREAM = 3, 2  # client ids are odd and begin at 3


class _Stream:
    """What has arrived for one connection and was not written to it yet."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.complete = False  # the far side has sent FIN
        self._finished = False
        self._half_closed = False  # the local side has sent its last byte
        self._buffered = bytearray()
        self._changed = asyncio.Event()

    @property
    def buffered(self) -> int:
        """Bytes that wait to be read."""
        return len(self._buffered)

    def feed(self, data: bytes) -> None:
        self._buffered += data
        self._changed.set()

    def finish(self, *, complete: bool) -> None:
        self.complete = self.complete or (complete and not self._finished)
        self._finished = True
        self._changed.set()

    def half_close(self) -> None:
        self._half_closed = True
        self._changed.set()

    async def read(self, patience: float) -> bytes:
        """All buffered bytes; b"" at the end, or once half closed, after `patience` seconds without any."""
        while not self._buffered and not self._finished:
            self._changed.clear()
            try:
                async with asyncio.timeout(patience if self._half_closed else None):
                    await self._changed.wait()
            except TimeoutError:
                break
        data = bytes(self._buffered)
        self._buffered.clear()
        return data


class Mux:
    """The streams of one channel. `run` reads until the channel ends; `serve` carries one local connection."""

    def __init__(self, channel: Channel, *, keepalive: float | None = None) -> None:
        """`keepalive`: seconds between NOP frames, None for none."""
        self._channel = channel
        self._keepalive = keepalive
        self._parser = smux.Parser()
        self._streams: dict[int, _Stream] = {}
        self._next = FIRST_STREAM
        self._buffered = 0
        self._room = asyncio.Event()

    async def run(self) -> None:
        """Hand arriving frames to their streams; end all streams when the channel has ended."""
        keepalive_task = asyncio.create_task(self._keepalive_loop()) if self._keepalive else None
        try:
            while (received := await self._channel.receive()) is not None:
                if received.type == wire.PayloadType.OUTPUT:
                    for frame in self._parser.feed(received.payload):
                        await self._handle_frame(frame)
                elif received.type == wire.PayloadType.FLAG:
                    self._handle_flag(wire.read_flag(received.payload))
        finally:
            if keepalive_task:
                keepalive_task.cancel()
            for stream in self._streams.values():
                stream.finish(complete=False)
            self._room.set()

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Carry one connection until either side closes it; reset it when the session ends first."""
        stream = self._open()
        sending = asyncio.create_task(self._send_local(stream, reader, writer))
        try:
            await self._write_received(stream, writer)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            self._close(stream)
        if self._channel.end and not stream.complete:
            reset(writer)

    # One stream

    def _open(self) -> _Stream:
        stream = _Stream(self._next)
        self._next += NEXT_STREAM
        self._streams[stream.number] = stream
        self._send_frame(Frame(Command.SYN, stream.number))
        if self._channel.end:
            stream.finish(complete=False)
        return stream

    async def _send_local(self, stream: _Stream, reader: StreamReader, writer: StreamWriter) -> None:
        """Send the local side's bytes until it has finished, and end the stream when it is gone."""
        try:
            while data := await reader.read(PIECE):
                await self._channel.write(smux.encode(Frame(Command.PSH, stream.number, data)))
            stream.half_close()
            await until_gone(writer)
            stream.finish(complete=False)
        except (ConnectionError, ConnectionLost):
            stream.finish(complete=False)

    async def _write_received(self, stream: _Stream, writer: StreamWriter) -> None:
        """Write the far side's bytes until either has finished."""
        with suppress(ConnectionError):  # the local side is gone
            while data := await stream.read(self._channel.options.half_close):
                try:
                    writer.write(data)
                    await writer.drain()
                finally:
                    self._release(len(data))

    def _close(self, stream: _Stream) -> None:
        del self._streams[stream.number]
        self._release(stream.buffered)
        self._send_frame(Frame(Command.FIN, stream.number))

    # All streams

    async def _handle_frame(self, frame: Frame) -> None:
        stream = self._streams.get(frame.stream)
        if stream is None:
            return  # closed here while the frame was on its way
        if frame.command == Command.PSH:
            await self._wait_for_room()
            self._buffered += len(frame.data)
            stream.feed(frame.data)
        elif frame.command == Command.FIN:
            stream.finish(complete=True)

    async def _wait_for_room(self) -> None:
        while self._buffered >= MAX_BUFFERED and not self._channel.end:
            self._room.clear()
            await self._room.wait()

    def _release(self, count: int) -> None:
        self._buffered -= count
        self._room.set()

    def _handle_flag(self, flag: int) -> None:
        if flag == wire.Flag.CONNECT_TO_PORT_ERROR:
            self._channel.stats.refused += 1

    def _send_frame(self, frame: Frame) -> None:
        with suppress(ConnectionLost):
            self._channel.post(wire.PayloadType.OUTPUT, smux.encode(frame))

    async def _keepalive_loop(self) -> None:
        while self._keepalive and not self._channel.end:
            await asyncio.sleep(self._keepalive)
            self._send_frame(Frame(Command.NOP, 0))
