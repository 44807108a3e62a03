"""Tunnels: real TCP connections on loopback, test agent and gateway in memory, no waiting."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from generator.channel import local_program, payloads
from generator.channel.channel import open_channel
from generator.channel.listen import Listen, bind, reset
from generator.channel.mux import MAX_BUFFERED, Mux
from generator.channel.port import Forward, forward
from generator.channel.reliability import READY
from generator.channel.session import ChannelOptions, EndKind
from generator.errors import AwsError, DeployerError
from tests.channel.agent import Agent, BytesApp, Echo, MuxApp, source
from tests.channel.clock import run_virtually
from tests.channel.gateway import Faults, Gateway

ANY = (Listen(),)
FORWARDING = {"portNumber": "3035", "type": "LocalPortForwarding"}
FORBIDDEN = AwsError("ssm refused StartSession.", operation="StartSession", aws_code="AccessDeniedException")


def port_agent(far=Echo, **settings):
    return lambda emit: Agent(emit, MuxApp(far), properties=FORWARDING, **settings)


def content(count, salt=0):
    return bytes((n * 7 + n // 251 + salt) % 256 for n in range(count))


class Client:
    """A TCP client of a tunnel."""

    @classmethod
    async def to(cls, tunnel, host="127.0.0.1"):
        client = cls()
        client.reader, client.writer = await asyncio.open_connection(host, tunnel.ports[0])
        return client

    async def echo(self, data):
        self.writer.write(data)
        got = await self.reader.readexactly(len(data))
        assert got == data

    async def close(self):
        self.writer.close()
        await self.writer.wait_closed()


def with_tunnel(use, make_agent=None, faults=None, options=None):
    """Run `use(gateway, tunnel)` inside a tunnel; the gateway afterwards."""

    async def story():
        gateway = Gateway(make_agent or port_agent(), *([faults] if faults else []))
        async with forward([Forward(gateway, ANY)], options, gateway.connect) as (tunnel,):
            await use(gateway, tunnel)
        return gateway

    return run_virtually(story())


@pytest.mark.parametrize("size", [1, 1024 - 8, 300_000], ids=["small", "exact", "big"])
def test_bytes_go_there_and_back(size):
    async def use(gateway, tunnel):
        client = await Client.to(tunnel)
        await client.echo(content(size))
        await client.close()
        await asyncio.sleep(15)
        stats = tunnel.figures()
        assert (stats.connections, stats.connections_total) == (0, 1)
        assert gateway.session.agent.app.streams[3].fin_seen

    gateway = with_tunnel(use)
    assert gateway.calls == ["start", "terminate"]


def test_many_connections_at_once():
    async def use(gateway, tunnel):
        clients = [await Client.to(tunnel) for _ in range(20)]
        await asyncio.gather(*(client.echo(content(10_000, salt)) for salt, client in enumerate(clients)))
        assert tunnel.figures().connections == 20
        assert sorted(gateway.session.agent.app.streams) == list(range(3, 43, 2))

    with_tunnel(use)


def test_newline():
    async def use(gateway, tunnel):
        client = await Client.to(tunnel)
        for data in (b"\n", content(1016) + b"\n", content(1016 + 1024) + b"\n"):
            await client.echo(data)

    with_tunnel(use)


def test_lossy_and_cut():
    async def use(gateway, tunnel):
        clients = [await Client.to(tunnel) for _ in range(4)]
        work = asyncio.gather(*(client.echo(content(50_000, salt)) for salt, client in enumerate(clients)))
        for _ in range(3):
            await asyncio.sleep(0.1)
            gateway.session.cut()
        await work
        assert tunnel.figures().reconnects == 3

    with_tunnel(use, faults=Faults(3, drop=0.02, duplicate=0.02, reorder=0.05))


def test_a_connection_dropped_on_purpose_is_resumed():
    async def use(gateway, tunnel):
        client = await Client.to(tunnel)
        await client.echo(b"before")
        await tunnel.drop()
        await client.echo(b"after")
        assert tunnel.figures().reconnects == 1

    with_tunnel(use)


def test_both_loopbacks_lead_in():
    async def use(gateway, tunnel):
        for host in ("127.0.0.1", "::1"):
            await (await Client.to(tunnel, host)).echo(b"hello")

    with_tunnel(use)


# Ends


def test_refused_connections_end_and_the_tunnel_lives():
    async def use(gateway, tunnel):
        client = await Client.to(tunnel)
        assert await client.reader.read() == b""
        assert tunnel.figures().refused == 1
        gateway.session.agent.app.far = Echo
        await (await Client.to(tunnel)).echo(b"now")

    with_tunnel(use, port_agent(far=None))


def test_an_answer_that_comes_after_the_question_has_ended_arrives_whole():
    """As `nc` and HTTP/1.0 ask: half-close, then a long answer."""
    answer = content(400_000)

    async def use(gateway, tunnel):
        client = await Client.to(tunnel)
        client.writer.write(b"GET /")
        client.writer.write_eof()
        assert await client.reader.read() == answer

    with_tunnel(use, port_agent(far=source(answer)))


def test_an_answer_that_pauses_too_long_is_not_waited_for():
    async def use(gateway, tunnel):
        client = await Client.to(tunnel)
        client.writer.write(b"?")
        client.writer.write_eof()
        before = gateway.loop.time()
        assert await client.reader.read() == b"?"
        assert gateway.loop.time() - before == pytest.approx(10, abs=0.5)
        await asyncio.sleep(1)
        assert gateway.session.agent.app.streams[3].fin_seen

    with_tunnel(use)


def test_a_local_side_that_is_gone_ends_its_stream():
    async def use(gateway, tunnel):
        client = await Client.to(tunnel)
        client.writer.write(b"?")
        await asyncio.sleep(1)
        reset(client.writer)
        await asyncio.sleep(1)
        assert gateway.session.agent.app.streams[3].fin_seen

    with_tunnel(use)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux lists its sockets")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("sent", [b"", b"?", content(300_000)], ids=["nothing", "little", "much"])
def test_the_far_side_learns_at_once_that_a_local_program_has_gone(host, sent):
    """A close looks as a half-close on the wire, but nobody will read the answer."""

    async def use(gateway, tunnel):
        client = await Client.to(tunnel, host)
        await client.echo(sent)
        began = gateway.loop.time()
        await client.close()
        await until(lambda: gateway.session.agent.app.streams[3].fin_seen)
        assert gateway.loop.time() - began < 1 and not tunnel.figures().connections

    with_tunnel(use)


def test_a_program_that_closes_after_it_has_half_closed_is_noticed():
    async def use(gateway, tunnel):
        client = await Client.to(tunnel)
        await client.echo(b"?")
        client.writer.write_eof()
        await asyncio.sleep(3)
        assert not gateway.session.agent.app.streams[3].fin_seen, "it may still read"
        await client.close()
        began = gateway.loop.time()
        await until(lambda: gateway.session.agent.app.streams[3].fin_seen)
        assert gateway.loop.time() - began < 1

    with_tunnel(use)


def test_a_connection_of_which_nothing_is_known_keeps_its_time_for_an_answer(monkeypatch):
    """Where there is no list of sockets, or one without ours."""
    monkeypatch.setattr(local_program, "TABLES", (Path("/nowhere"),))

    async def use(gateway, tunnel):
        client = await Client.to(tunnel)
        await client.echo(b"?")
        began = gateway.loop.time()
        await client.close()
        await until(lambda: gateway.session.agent.app.streams[3].fin_seen)
        assert gateway.loop.time() - began == pytest.approx(10, abs=0.5)

    with_tunnel(use)


async def until(true):
    while not true():
        await asyncio.sleep(0.05)


def test_a_connection_cut_by_the_sessions_end_is_reset_not_closed():
    async def use(gateway, tunnel):
        client = await Client.to(tunnel)
        await client.echo(b"half of it")
        gateway.session.finish("Session terminated by an administrator.")
        with pytest.raises(ConnectionResetError):
            await client.reader.read()
        end = await tunnel.wait()
        assert (end.kind, end.reason) == (EndKind.REMOTE, "Session terminated by an administrator.")

    gateway = with_tunnel(use)
    assert gateway.calls == ["start"]


def test_interrupt_ends_connections_and_session():
    async def story():
        gateway, opened = Gateway(port_agent()), asyncio.Future()

        async def use():
            async with forward([Forward(gateway, ANY)], None, gateway.connect) as (tunnel,):
                opened.set_result(tunnel)
                await tunnel.wait()

        task = asyncio.create_task(use())
        tunnel = await opened
        client = await Client.to(tunnel)
        await client.echo(b"hello")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert gateway.calls == ["start", "terminate"]
        with pytest.raises(ConnectionRefusedError):
            await Client.to(tunnel)

    run_virtually(story())


# Readers and writers of different speed


class StuckWriter:
    """A local side that reads nothing until `flowing` is set."""

    def __init__(self):
        self.got, self.flowing = bytearray(), asyncio.Event()

    def write(self, data):
        self.got += data

    async def drain(self):
        await self.flowing.wait()


def test_a_slow_reader_is_bounded_and_others_go_on_until_then():
    answer = content(12_000_000)

    async def story():
        gateway = Gateway(port_agent(far=source(answer)))
        async with open_channel(gateway, None, gateway.connect) as channel:
            mux, slow, question = Mux(channel), StuckWriter(), asyncio.StreamReader()
            question.feed_data(b"all of it")
            tasks = [asyncio.create_task(mux.run()), asyncio.create_task(mux.serve(question, slow))]
            await asyncio.sleep(1)
            gateway.session.agent.app.far = Echo
            quick, word = StuckWriter(), asyncio.StreamReader()
            quick.flowing.set()
            word.feed_data(b"hello")
            tasks.append(asyncio.create_task(mux.serve(word, quick)))
            await asyncio.sleep(2)
            assert quick.got == b"hello", "one slow reader does not stop the others"
            await asyncio.sleep(20)
            assert mux._buffered <= MAX_BUFFERED + 64 * 1024
            assert channel._buffers.receiver.waiting <= READY
            slow.flowing.set()
            await tasks[1]
            assert slow.got == answer
            for task in tasks:
                task.cancel()

    run_virtually(story())


# The session behind is replaced


def test_a_new_session_behind_the_same_port_when_resume_is_refused():
    async def use(gateway, tunnel):
        old = await Client.to(tunnel)
        await old.echo(b"before")
        gateway.resume_errors = [AwsError("no", operation="ResumeSession", aws_code="AccessDeniedException")]
        gateway.session.cut()
        with pytest.raises(ConnectionResetError):
            await old.reader.read()
        await (await Client.to(tunnel)).echo(b"after")
        stats = tunnel.figures()
        assert (stats.sessions, stats.session_id, stats.connections_total) == (2, "user-0001", 2)
        assert stats.received > len("beforeafter")

    gateway = with_tunnel(use)
    assert gateway.calls == ["start", "resume", "terminate", "start", "terminate"]


def test_a_new_session_is_sought_while_the_instance_boots():
    async def use(gateway, tunnel):
        gateway.resume_errors = ["over"]
        gateway.start_errors = [
            AwsError("not yet", operation="StartSession", aws_code="TargetNotConnected"),
            OSError("no network"),
        ]
        gateway.session.cut()
        await asyncio.sleep(0.1)
        await (await Client.to(tunnel)).echo(b"after")  # accepted at once, carried when there is a session

    with_tunnel(use)


def test_a_refused_new_session_ends_the_tunnel_in_words():
    async def use(gateway, tunnel):
        client = await Client.to(tunnel)
        gateway.resume_errors, gateway.start_errors = ["over"], [FORBIDDEN]
        gateway.session.cut()
        with pytest.raises(AwsError, match="StartSession"):
            await tunnel.wait()
        with pytest.raises(ConnectionResetError):
            await client.reader.read()

    with_tunnel(use)


def test_no_new_session_is_opened_after_the_end_of_access():
    async def use(gateway, tunnel):
        gateway.resume_errors = ["over"]
        gateway.start_errors = [OSError("no network")] * 10_000
        tunnel._access_ended = lambda: gateway.loop.time() > 3600
        gateway.session.cut()
        end = await tunnel.wait()
        assert end.kind is EndKind.ACCESS_ENDED
        assert gateway.loop.time() < 3700

    with_tunnel(use)


def test_a_tunnel_closes_when_access_ends():
    async def use(gateway, tunnel):
        assert (await tunnel.wait()).kind is EndKind.ACCESS_ENDED

    with_tunnel(use, options=ChannelOptions(until=datetime.now(UTC) + timedelta(hours=8)))


# Other agents, other documents


def test_an_old_agent_serves_one_connection_after_the_other():
    async def use(gateway, tunnel):
        app = gateway.session.agent.app
        first, second = await Client.to(tunnel), await Client.to(tunnel)
        await first.echo(content(5_000))
        second.writer.write(b"second")
        await asyncio.sleep(1)
        assert b"second" not in app.got, "it waits for its turn"
        reset(first.writer)
        assert await second.reader.readexactly(6) == b"second"
        assert app.disconnects == 1

    with_tunnel(use, lambda emit: Agent(emit, BytesApp(), properties=FORWARDING, version="3.0.196.0"))


def test_an_old_agents_next_connection_does_not_wait_for_a_program_that_has_gone():
    async def use(gateway, tunnel):
        began = gateway.loop.time()
        for _ in range(3):
            client = await Client.to(tunnel)
            await client.echo(b"hello")
            await client.close()
        assert gateway.loop.time() - began < 3 and gateway.session.agent.app.disconnects >= 2

    with_tunnel(use, lambda emit: Agent(emit, BytesApp(), properties=FORWARDING, version="3.0.196.0"))


def test_an_old_agents_late_answer_does_not_reach_the_next_connection():
    async def use(gateway, tunnel):
        first = await Client.to(tunnel)
        await first.echo(b"hello")
        reset(first.writer)
        gateway.session.agent.write(b"for the first")
        second = await Client.to(tunnel)
        await second.echo(b"hello again")

    with_tunnel(use, lambda emit: Agent(emit, BytesApp(), properties=FORWARDING, version="3.0.100.0"))


@pytest.mark.parametrize(
    ("version", "keepalive", "nops"), [("3.1.1511.0", None, 6), ("3.1.1512.0", None, 0), ("3.3.1.0", 20.0, 3)]
)
def test_agents_that_need_it_get_frames_in_silence(version, keepalive, nops):
    async def use(gateway, tunnel):
        await asyncio.sleep(61)
        assert gateway.session.agent.app.nops == nops

    with_tunnel(use, port_agent(version=version), options=ChannelOptions(keepalive=keepalive))


@pytest.mark.parametrize(
    ("kind", "properties"), [(payloads.STANDARD_STREAM, {}), (payloads.PORT, {"portNumber": "22"})]
)
def test_other_documents_are_refused_and_the_session_ended(kind, properties):
    async def story():
        gateway = Gateway(lambda emit: Agent(emit, BytesApp(), kind, properties))
        with pytest.raises(DeployerError) as failure:
            async with forward([Forward(gateway, ANY)], None, gateway.connect):
                pass
        assert failure.value.code == "not-a-port-document"
        assert gateway.calls == ["start", "terminate"]

    run_virtually(story())


# Local ports


def test_a_port_in_use_is_said_before_anything_is_asked_of_aws():
    async def story():
        gateway = Gateway(port_agent())
        with socket.create_server(("127.0.0.1", 0)) as taken:
            wanted = [Forward(gateway, ANY), Forward(gateway, (Listen(taken.getsockname()[1]),))]
            with pytest.raises(DeployerError, match="in use") as failure:
                async with forward(wanted, None, gateway.connect):
                    pass
        assert failure.value.code == "port-in-use"
        assert gateway.calls == []

    run_virtually(story())


def test_several_tunnels_and_several_ports_of_one():
    async def story():
        one, two = Gateway(port_agent()), Gateway(port_agent())

        async def connect(url, headers, options):
            return await (one if "one" in url else two).connect(url, headers, options)

        one.url = "ws://one/{id}"
        wanted = [Forward(one, (Listen(), Listen())), Forward(two, ANY)]
        async with forward(wanted, None, connect) as (first, second):
            assert len({*first.ports, *second.ports}) == 3
            for port in first.ports:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"hi")
                assert await reader.readexactly(2) == b"hi"
            await (await Client.to(second)).echo(b"hi")
        assert (one.calls, two.calls) == (["start", "terminate"], ["start", "terminate"])

    run_virtually(story())


def test_when_one_tunnel_cannot_open_the_others_are_ended():
    async def story():
        good, bad = Gateway(port_agent()), Gateway(port_agent())
        bad.start_errors = [FORBIDDEN]
        with pytest.raises(AwsError):
            async with forward([Forward(good, ANY), Forward(bad, ANY)], None, good.connect):
                pass
        assert good.calls.count("terminate") == good.calls.count("start")

    run_virtually(story())


def test_both_loopbacks_get_the_same_free_port():
    made = bind(Listen())
    assert [s.getsockname()[0] for s in made] == ["127.0.0.1", "::1"]
    assert len({s.getsockname()[1] for s in made}) == 1
    for each in made:
        each.close()


def test_an_address_that_is_not_here_is_named():
    with pytest.raises(DeployerError, match=r"192\.0\.2\.1"):
        bind(Listen(0, ("192.0.2.1",)))
