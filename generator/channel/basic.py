"""Port sessions of agents up to 3.0.196.0: one connection at a time, its bytes as they are in the channel.

When the local side closes, flag 1 tells the agent to close too, and it connects again for the next data. When the far
side closes, such an agent sends nothing: the local connection stays open until its own side closes it.
"""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from contextlib import suppress

from generator.channel import wire
from generator.channel.channel import Channel
from generator.channel.listen import reset
from generator.channel.local_program import until_gone
from generator.channel.transport import ConnectionLost

PIECE = 8 * 1024  # bytes
DISCARD_SECONDS = 0.2  # seconds in which the rest of a closed connection's answer may still come


class Basic:
    """As Mux, but one connection at a time: the others wait."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._one_at_a_time = asyncio.Lock()
        self._writer: StreamWriter | None = None

    async def run(self) -> None:
        """Write arriving bytes to the connection being served, until the channel ends."""
        try:
            while (received := await self._channel.receive()) is not None:
                if received.type == wire.PayloadType.OUTPUT and self._writer:
                    with suppress(ConnectionError):
                        self._writer.write(received.payload)
                        await self._writer.drain()
        finally:
            if self._writer:
                reset(self._writer)

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Carry one connection, after those before it."""
        async with self._one_at_a_time:
            self._writer = writer
            try:
                with suppress(ConnectionError, ConnectionLost):
                    while data := await reader.read(PIECE):
                        await self._channel.write(data)
                    await self._await_answer(writer)
            finally:
                self._writer = None
                await self._disconnect()

    async def _await_answer(self, writer: StreamWriter) -> None:
        """After the local side has finished sending, wait until nothing has arrived for a while, or it is gone."""
        gone, before = asyncio.create_task(until_gone(writer)), -1
        try:
            while not (self._channel.end or writer.is_closing() or gone.done()):
                if self._channel.stats.received == before:
                    return
                before = self._channel.stats.received
                await asyncio.wait({gone}, timeout=self._channel.options.half_close)
        finally:
            gone.cancel()

    async def _disconnect(self) -> None:
        with suppress(ConnectionLost):
            self._channel.post(wire.PayloadType.FLAG, wire.flag_payload(wire.Flag.DISCONNECT_TO_PORT))
        await self._channel.flush()
        await asyncio.sleep(DISCARD_SECONDS)  # what arrives now belongs to the closed connection; `run` drops it
