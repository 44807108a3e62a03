"""What an agent does with the bytes of a port session: many connections by smux, one plain connection, or stdio."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from contextlib import suppress

from generator.channel import smux, wire
from generator.channel.smux import Command, Frame
from generator.channel.wire import Flag, PayloadType
from generator.sandbox.ssm.agent import Agent

Dial = Callable[[], Awaitable[tuple[StreamReader, StreamWriter]]]
"""Connect to what the session's port leads to; OSError when nothing answers there."""

PIECE = 16 * 1024  # bytes read from a port at once
_REFUSED = wire.flag_payload(Flag.CONNECT_TO_PORT_ERROR)


async def multiplexed(agent: Agent, dial: Dial) -> None:
    """Serve any number of connections in smux version 1, until the session is over."""
    streams: dict[int, asyncio.Queue[bytes]] = {}
    tasks: set[asyncio.Task[None]] = set()
    parser = smux.Parser()

    def opened(number: int) -> None:
        streams[number] = asyncio.Queue()
        task = asyncio.create_task(_stream(agent, dial, number, streams))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    try:
        while True:
            kind, data = await agent.receive()
            for frame in parser.feed(data) if kind == PayloadType.OUTPUT else ():
                if frame.command == Command.SYN:
                    opened(frame.stream)
                elif queue := streams.get(frame.stream):
                    queue.put_nowait(frame.data if frame.command == Command.PSH else b"")
    finally:
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _stream(agent: Agent, dial: Dial, number: int, streams: dict[int, asyncio.Queue[bytes]]) -> None:
    try:
        try:
            reader, writer = await dial()
        except OSError:
            agent.post(PayloadType.FLAG, _REFUSED)
            return
        try:
            feeding = asyncio.create_task(_feed(streams[number], writer))
            copying = asyncio.create_task(_copy(agent, reader, number))
            await asyncio.wait({feeding, copying}, return_when=asyncio.FIRST_COMPLETED)
            for task in (feeding, copying):
                task.cancel()
            await asyncio.gather(feeding, copying, return_exceptions=True)
        finally:
            writer.close()
    finally:
        del streams[number]
        agent.post(PayloadType.OUTPUT, smux.encode(Frame(Command.FIN, number)))


async def _feed(queue: asyncio.Queue[bytes], writer: StreamWriter) -> None:
    """The client's bytes to the port, until its FIN (the empty bytes)."""
    with suppress(ConnectionError):
        while data := await queue.get():
            writer.write(data)
            await writer.drain()


async def _copy(agent: Agent, reader: StreamReader, number: int) -> None:
    """The port's bytes to the client, until the port closes."""
    with suppress(ConnectionError):
        while data := await reader.read(PIECE):
            await agent.write(smux.encode(Frame(Command.PSH, number, data)))


async def basic(agent: Agent, dial: Dial) -> None:
    """Serve one connection at a time, as agents up to 3.0.196.0: data after a close connects again."""
    connection: tuple[asyncio.Task[None], StreamWriter] | None = None
    try:
        while True:
            kind, data = await agent.receive()
            if kind == PayloadType.FLAG:
                await _hang_up(connection)
                connection = None
            elif kind == PayloadType.OUTPUT:
                connection = connection or await _dialled(agent, dial)
                if connection:
                    with suppress(ConnectionError):
                        connection[1].write(data)
                        await connection[1].drain()
    finally:
        await _hang_up(connection)


async def _dialled(agent: Agent, dial: Dial) -> tuple[asyncio.Task[None], StreamWriter] | None:
    try:
        reader, writer = await dial()
    except OSError:
        agent.post(PayloadType.FLAG, _REFUSED)
        return None
    return asyncio.create_task(_pour(agent, reader)), writer


async def _hang_up(connection: tuple[asyncio.Task[None], StreamWriter] | None) -> None:
    if connection:
        task, writer = connection
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        writer.close()


async def _pour(agent: Agent, reader: StreamReader) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(PIECE):
            await agent.write(data)


async def bare(agent: Agent, dial: Dial) -> None:
    """Serve the session's one connection (SSH); when the port closes, the session ends."""
    try:
        reader, writer = await dial()
    except OSError as error:
        agent.finish(f"Connection to destination port failed: {error.strerror or 'nothing listens there'}.")
        return
    pouring = asyncio.create_task(_pour(agent, reader))
    taking = asyncio.create_task(_take(agent, writer))
    try:
        await asyncio.wait({pouring, taking}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (pouring, taking):
            task.cancel()
        await asyncio.gather(pouring, taking, return_exceptions=True)
        writer.close()


async def _take(agent: Agent, writer: StreamWriter) -> None:
    with suppress(ConnectionError):
        while True:
            kind, data = await agent.receive()
            if kind == PayloadType.OUTPUT:
                writer.write(data)
                await writer.drain()
