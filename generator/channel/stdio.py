"""File descriptors in the event loop, and a port session carried by them, for ssh's ProxyCommand.

The descriptors keep their mode: O_NONBLOCK on a terminal would be shared with every other process on it. No thread
serves them either: one blocked in a write would keep the process alive.
"""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from generator.channel import payloads, wire
from generator.channel.channel import Channel
from generator.channel.session import End, EndKind
from generator.channel.transport import ConnectionLost
from generator.errors import DeployerError

PIECE = 16 * 1024  # bytes read at once
OPENING = 4096  # bytes of each direction's beginning that are remembered
UNBLOCKED = select.PIPE_BUF  # bytes that a descriptor ready for writing takes without blocking


async def read_fd(fd: int) -> bytes:
    """The next bytes of a descriptor, b"" at its end. Pipes, sockets, terminals and files."""
    loop = asyncio.get_running_loop()
    await _ready(fd, loop.add_reader, loop.remove_reader)
    try:
        return os.read(fd, PIECE)
    except OSError:
        return b""  # the terminal is gone


async def write_fd(fd: int, data: bytes) -> None:
    """Write everything. Raises BrokenPipeError when the reader is gone."""
    loop = asyncio.get_running_loop()
    view = memoryview(data)
    while view:
        await _ready(fd, loop.add_writer, loop.remove_writer)
        view = view[os.write(fd, view[:UNBLOCKED]) :]


async def _ready(fd: int, add: Callable[..., None], remove: Callable[[int], object]) -> None:
    event = asyncio.Event()
    try:
        add(fd, event.set)
    except PermissionError:
        return  # a regular file is always ready and cannot be watched
    try:
        await event.wait()
    finally:
        remove(fd)


@dataclass(frozen=True, slots=True)
class StdioResult:
    """How a carried session ended, the bytes it moved, and the first of them each way (at most OPENING bytes)."""

    end: End
    sent: int
    received: int
    first_sent: bytes = b""
    first_received: bytes = b""


async def stdio(channel: Channel, stdin: int = 0, stdout: int = 1, *, first: bytes = b"") -> StdioResult:
    """Carry a port session without multiplexing over two descriptors until either side has finished.

    `first` is sent before anything is read: what a session before this one has read already.

    Raises `DeployerError` with code `not-a-port-document` for other sessions and `session-lost` when it broke.
    """
    if channel.handshake.session_type != payloads.PORT or channel.handshake.properties.get("type"):
        raise DeployerError(
            "The session's document does not carry one bare connection.",
            "Use a session document of type Port without LocalPortForwarding, as for SSH.",
            code="not-a-port-document",
        )
    sent, received = bytearray(), bytearray()
    sending = asyncio.create_task(_send_input(channel, stdin, first, sent))
    receiving = asyncio.create_task(_write_output(channel, stdout, received))
    try:
        await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
        if not receiving.done():
            await _wait_for_rest(channel, receiving)
        if receiving.done():
            receiving.result()
    finally:
        sending.cancel()
        receiving.cancel()
        await asyncio.gather(sending, receiving, return_exceptions=True)
    channel.raise_if_lost()
    return StdioResult(
        channel.end or End(EndKind.LOCAL), channel.stats.sent, channel.stats.received, bytes(sent), bytes(received)
    )


async def _send_input(channel: Channel, stdin: int, first: bytes, sent: bytearray) -> None:
    with suppress(ConnectionLost):
        data = first or await read_fd(stdin)
        while data:
            sent += data[: OPENING - len(sent)]
            await channel.write(data)
            data = await read_fd(stdin)
        await channel.flush()


async def _write_output(channel: Channel, stdout: int, received: bytearray) -> None:
    with suppress(BrokenPipeError):
        while (message := await channel.receive()) is not None:
            if message.type == wire.PayloadType.OUTPUT:
                received += message.payload[: OPENING - len(received)]
                await write_fd(stdout, message.payload)


async def _wait_for_rest(channel: Channel, receiving: asyncio.Task[None]) -> None:
    """The local side has finished, which the protocol cannot say: wait until the answer pauses for long."""
    before = -1
    while not receiving.done() and channel.stats.received != before:
        before = channel.stats.received
        await asyncio.wait({receiving}, timeout=channel.options.half_close)
