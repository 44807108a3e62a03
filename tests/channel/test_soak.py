"""The long runs: `make soak`."""

import asyncio
import hashlib
import random
import resource
import time

import pytest

from generator.channel.channel import open_channel
from generator.channel.listen import Listen
from generator.channel.port import Forward, forward
from generator.channel.session import ChannelOptions
from generator.errors import AwsError, DeployerError
from tests.channel.agent import Agent, BytesApp, Echo, MuxApp
from tests.channel.clock import run_virtually
from tests.channel.gateway import Faults, Gateway, on_websockets

pytestmark = pytest.mark.soak
FORWARDING = {"type": "LocalPortForwarding"}
MEBIBYTE = 1 << 20


class Digest(BytesApp):
    """A far end that keeps a digest of what it got, and nothing else."""

    def __init__(self):
        super().__init__()
        self.digest, self.count = hashlib.sha256(), 0

    def take(self, kind, payload):
        self.digest.update(payload)
        self.count += len(payload)


async def exchange(gateway, channel, data):
    writing, got = asyncio.create_task(channel.write(data)), bytearray()
    while len(got) < len(data):
        received = await channel.receive()
        assert received, channel.end
        got += received.payload
    await writing
    assert got == data


@pytest.mark.parametrize("block", range(20))
def test_10000_fault_schedules_over_the_whole_channel(block):
    """Loss, doubling, disorder, delay, cuts, refused tries to resume; every byte there and back, in order."""

    async def story(seed):
        rng = random.Random(seed)
        faults = Faults(seed, rng.random() * 0.1, rng.random() * 0.1, rng.random() * 0.3, rng.random() * 0.05)
        gateway = Gateway(lambda emit: Agent(emit, BytesApp()), faults)
        async with open_channel(gateway, ChannelOptions(handshake_timeout=300), gateway.connect) as channel:
            loop = asyncio.get_running_loop()
            for _ in range(rng.randrange(4)):
                gateway.resume_errors += [OSError("no network")] * rng.randrange(3)
                loop.call_later(rng.random() * 3, gateway.session.cut)
            await exchange(gateway, channel, rng.randbytes(rng.randrange(1, 15_000)))

    for seed in range(block * 500, block * 500 + 500):
        run_virtually(story(seed))


def test_256_mebibytes_through_an_unpaced_channel():
    """Over a real websocket on loopback, with a digest at the far end; memory must not grow with the amount."""
    piece, pieces = random.Random(1).randbytes(MEBIBYTE), 256

    async def story():
        app = Digest()
        made = Gateway(lambda emit: Agent(emit, app))
        async with on_websockets(made) as gateway, open_channel(gateway, ChannelOptions(rate=0)) as channel:
            started, expected = time.monotonic(), hashlib.sha256()
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            for _ in range(pieces):
                expected.update(piece)
                await channel.write(piece)
            await channel.flush()
            assert (app.count, app.digest.digest()) == (pieces * MEBIBYTE, expected.digest())
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            assert grown < 64 * 1024, f"{grown} KiB more than before"
            print(f"{pieces / (time.monotonic() - started):.1f} MiB/s", channel.figures())

    asyncio.run(story())


def test_50_connections_at_once():
    async def one(port, data):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        assert await reader.readexactly(len(data)) == data
        writer.close()

    async def story():
        made = Gateway(lambda emit: Agent(emit, MuxApp(Echo), properties=FORWARDING))
        async with on_websockets(made) as gateway, forward([Forward(gateway, (Listen(),))]) as (tunnel,):
            await asyncio.gather(*(one(tunnel.ports[0], random.Random(n).randbytes(100_000)) for n in range(50)))
            assert tunnel.figures().connections_total == 50

    asyncio.run(story())


def test_a_cut_every_10_seconds_for_5_minutes_under_an_upload():
    piece, pieces = random.Random(2).randbytes(MEBIBYTE), 270

    async def cuts(gateway):
        for _ in range(30):
            await asyncio.sleep(10)
            gateway.session.cut()

    async def story():
        app = Digest()
        gateway = Gateway(lambda emit: Agent(emit, app), Faults(2, drop=0.01, delay=0.01))
        async with open_channel(gateway, None, gateway.connect) as channel:
            cutting = asyncio.create_task(cuts(gateway))
            expected = hashlib.sha256()
            for _ in range(pieces):
                expected.update(piece)
                await channel.write(piece)
            await channel.flush()
            assert (app.count, app.digest.digest()) == (pieces * MEBIBYTE, expected.digest())
            assert channel.figures().reconnects >= 29
            assert gateway.loop.time() > 290
            await cutting

    run_virtually(story())


def test_a_days_session():
    """The service closes the socket each hour, the network is away now and then, a word goes round every minute."""
    rng = random.Random(3)

    async def hourly(gateway):
        while True:
            await asyncio.sleep(3600)
            if rng.random() < 0.5:
                gateway.resume_errors = [OSError("no network"), DeployerError("The SSO session has expired.")] * 3
            gateway.session.cut()

    async def story():
        gateway = Gateway(lambda emit: Agent(emit, MuxApp(Echo), properties=FORWARDING), Faults(3, drop=0.01))
        async with forward([Forward(gateway, (Listen(),))], None, gateway.connect) as (tunnel,):
            disturbing = asyncio.create_task(hourly(gateway))
            reader, writer = await asyncio.open_connection("127.0.0.1", tunnel.ports[0])
            while gateway.loop.time() < 24 * 3600:
                data = rng.randbytes(rng.randrange(1, 3000))
                writer.write(data)
                assert await reader.readexactly(len(data)) == data
                await asyncio.sleep(60)
            stats = tunnel.figures()
            assert (stats.sessions, stats.connections_total) == (1, 1)
            assert stats.reconnects >= 23
            disturbing.cancel()

    run_virtually(story())


def test_a_day_without_the_right_to_resume():
    """Each hour the connection goes and resuming is refused: another session behind the same port, 23 times."""

    async def story():
        gateway = Gateway(lambda emit: Agent(emit, MuxApp(Echo), properties=FORWARDING))
        async with forward([Forward(gateway, (Listen(),))], None, gateway.connect) as (tunnel,):
            for _ in range(23):
                await asyncio.sleep(3600)
                refusal = AwsError("no", operation="ResumeSession", aws_code="ExpiredTokenException")
                gateway.resume_errors = [refusal]
                gateway.session.cut()
                await asyncio.sleep(1)
                reader, writer = await asyncio.open_connection("127.0.0.1", tunnel.ports[0])
                writer.write(b"still there?")
                assert await reader.readexactly(12) == b"still there?"
                writer.close()
            assert tunnel.figures().sessions == 24
        assert gateway.calls.count("start") == gateway.calls.count("terminate") == 24

    run_virtually(story())
