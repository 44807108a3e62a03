"""Measures of the data channel on loopback, client, gateway and agent in one process: python -m tests.bench.channel.

Printed, never tested: what a shared machine does in a second is no property of the code.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any
from uuid import uuid4

from generator.channel import payloads, wire
from generator.channel.channel import open_channel
from generator.channel.listen import Listen
from generator.channel.pacing import RATE
from generator.channel.port import Forward, forward
from generator.channel.session import ChannelOptions
from tests.channel import agent, gateway

AGENTS: Any = agent  # the test agent and gateway are written without types
GATEWAYS: Any = gateway
Far = Callable[[Any], Any]
"""Makes what answers one connection of the agent's side (tests.channel.agent, which is untyped)."""
FORWARDING = {"type": "LocalPortForwarding"}
LIMIT = RATE * wire.MAX_PAYLOAD / 1024  # KiB a second
MEBIBYTE = 1 << 20
IMPORT = "import time; t = time.perf_counter(); import generator.channel.port; print(time.perf_counter() - t)"


class Sink:
    """A far end that counts."""

    count = 0

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def data(self, data: bytes) -> None:
        Sink.count += len(data)


def tunnel_gateway(far: Far) -> Any:
    """A gateway with an agent whose tunnels end at `far`."""
    return _gateway(lambda: AGENTS.MuxApp(far), properties=FORWARDING)


def _gateway(app: Callable[[], Any], **settings: Any) -> Any:
    return GATEWAYS.Gateway(lambda emit: AGENTS.Agent(emit, app(), **settings))


def codec() -> tuple[float, float]:
    """Microseconds to write and to read one full message with its acknowledgement."""
    message = wire.Message(wire.OUTPUT, uuid4(), 1, bytes(1024), wire.PayloadType.OUTPUT, 1)
    frame, count = wire.encode(message), 20_000
    start = time.perf_counter()
    for _ in range(count):
        wire.encode(message)
    middle = time.perf_counter()
    for _ in range(count):
        wire.encode(payloads.acknowledgement(wire.decode(frame), uuid4(), 1))
    end = time.perf_counter()
    return (middle - start) / count * 1e6, (end - middle) / count * 1e6


def imports() -> float:
    """Seconds a fresh process takes to import what a tunnel needs."""
    runs = [
        subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True) for _ in range(5)
    ]
    return median(float(run.stdout) for run in runs)


async def start_to_listening() -> float:
    """Seconds from opening a session to a port that accepts connections."""
    times = []
    async with GATEWAYS.on_websockets(tunnel_gateway(AGENTS.Echo)) as far_side:
        for _ in range(9):
            start = time.perf_counter()
            async with forward([Forward(far_side, (Listen(),))]) as (tunnel,):
                _, writer = await asyncio.open_connection("127.0.0.1", tunnel.ports[0])
                times.append(time.perf_counter() - start)
                writer.close()
    return median(times)


async def upload(sessions: int, mebibytes: int, options: ChannelOptions | None = None) -> float:
    """KiB a second through so many tunnels at once."""
    data = bytes(mebibytes * MEBIBYTE // sessions)
    Sink.count = 0
    async with GATEWAYS.on_websockets(tunnel_gateway(Sink)) as far_side:
        wanted = [Forward(far_side, (Listen(),)) for _ in range(sessions)]
        async with forward(wanted, options) as tunnels:
            start = time.perf_counter()
            for tunnel in tunnels:
                _, writer = await asyncio.open_connection("127.0.0.1", tunnel.ports[0])
                writer.write(data)
            while Sink.count < len(data) * sessions:
                await asyncio.sleep(0.005)
            return mebibytes * 1024 / (time.perf_counter() - start)


async def echo_latency() -> float:
    """Milliseconds for one byte there and back, with 20 ms added each way."""
    made = tunnel_gateway(AGENTS.Echo)
    made.faults = GATEWAYS.Faults(delay=0.02)
    async with GATEWAYS.on_websockets(made) as far_side, forward([Forward(far_side, (Listen(),))]) as (tunnel,):
        reader, writer = await asyncio.open_connection("127.0.0.1", tunnel.ports[0])
        times = []
        for _ in range(30):
            start = time.perf_counter()
            writer.write(b"x")
            await reader.readexactly(1)
            times.append((time.perf_counter() - start) * 1000)
        return median(times)


async def download() -> float:
    """KiB a second from an agent that does not pace itself."""
    size = 16 * MEBIBYTE
    made = _gateway(lambda: AGENTS.BytesApp(lambda data: bytes(size)))
    async with GATEWAYS.on_websockets(made) as far_side, open_channel(far_side, ChannelOptions(rate=0)) as channel:
        far_side.session.agent.interval = 0
        await channel.write(b"?")
        start, got = time.perf_counter(), 0
        while got < size and (received := await channel.receive()):
            got += len(received.payload)
        return size / 1024 / (time.perf_counter() - start)


async def slow_reader() -> float:
    """MiB the client buffers while an agent keeps sending and nobody reads."""
    size = 24 * MEBIBYTE
    made = _gateway(lambda: AGENTS.BytesApp(lambda data: bytes(size)))
    async with GATEWAYS.on_websockets(made) as far_side, open_channel(far_side) as channel:
        await channel.write(b"?")
        far_side.session.agent.interval = 0.0001
        await asyncio.sleep(6)
        return channel._buffers.receiver.waiting * wire.MAX_PAYLOAD / MEBIBYTE


def main() -> None:
    """Print every figure, with its limit where it has one."""
    encode, decode = codec()
    print(f"codec                        {encode:8.1f} us to write a message, {decode:.1f} us to read one")
    print(f"imports of a tunnel          {imports():8.3f} s in a fresh process")
    print(f"start to listening           {asyncio.run(start_to_listening()):8.3f} s (limit 0.5 with imports)")
    print(f"one byte, 20 ms each way     {asyncio.run(echo_latency()):8.1f} ms")
    one = asyncio.run(upload(1, 8))
    print(f"upload, one session          {one:8.0f} KiB/s, {one / LIMIT:.0%} of the rate limit (at least 90 %)")
    four = asyncio.run(upload(4, 24))
    print(f"upload, four sessions        {four:8.0f} KiB/s, {four / one:.2f} times one (at least 3.5)")
    free = asyncio.run(upload(1, 32, ChannelOptions(rate=0)))
    print(f"upload, no rate limit        {free:8.0f} KiB/s")
    print(f"download, no rate limit      {asyncio.run(download()):8.0f} KiB/s")
    print(f"buffered for a slow reader   {asyncio.run(slow_reader()):8.1f} MiB of 24")


if __name__ == "__main__":
    main()
