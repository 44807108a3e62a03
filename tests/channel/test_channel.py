"""The whole channel against the test agent and gateway, in memory and without waiting."""

import asyncio
import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from generator.channel import payloads, wire
from generator.channel.channel import open_channel
from generator.channel.reliability import READY
from generator.channel.session import ChannelOptions, DataKey, EndKind
from generator.channel.transport import ConnectionLost
from generator.errors import AwsError, DeployerError
from tests.channel.agent import Agent, BytesApp
from tests.channel.clock import run_virtually
from tests.channel.gateway import TO_AGENT, TO_CLIENT, Faults, Gateway

KEY = DataKey(bytes(range(64)), b"encrypted key")
FORBIDDEN = AwsError("ssm refused ResumeSession.", operation="ResumeSession", aws_code="AccessDeniedException")


def bare(answer=lambda data: data, **settings):
    """A gateway's agent whose far side answers bytes with bytes."""
    return lambda emit: Agent(emit, BytesApp(answer), **settings)


async def read(channel, count):
    """`count` bytes of the stream."""
    got = bytearray()
    while len(got) < count:
        received = await channel.receive()
        assert received, f"ended after {len(got)} of {count} bytes: {channel.end}"
        got += received.payload
    return bytes(got)


def content(count):
    return bytes((n * 7 + n // 251) % 256 for n in range(count))


async def echo(channel, data):
    """Send while reading; what came back."""
    writing = asyncio.create_task(channel.write(data))
    got = await read(channel, len(data))
    await writing
    return got


def exchange(make_agent=None, faults=None, size=10_000, during=None, options=None, setup=None):
    """Echo `size` bytes through a channel; the gateway afterwards, and the channel's figures."""

    async def story():
        gateway = Gateway(make_agent or bare(), *([faults] if faults else []))
        if setup:
            setup(gateway)
        async with open_channel(gateway, options, gateway.connect) as channel:
            task = asyncio.create_task(during(gateway, channel)) if during else None
            assert await echo(channel, content(size)) == content(size)
            if task:
                await task
            await channel.flush()
        return gateway, channel.figures()

    return run_virtually(story())


def test_bytes_go_there_and_back():
    gateway, stats = exchange()
    assert (stats.sent, stats.received, stats.unacked, stats.resent) == (10_000, 10_000, 0, 0)
    assert gateway.calls == ["start", "terminate"]
    assert gateway.session.agent.terminated.is_set(), "the agent is told as well"


def test_nothing_but_the_answer_is_said_before_the_handshake_is_complete():
    gateway, _ = exchange(faults=Faults(delay=0.05))
    assert gateway.session.agent.thrown_away == 0
    assert gateway.session.agent.response.client_version == ChannelOptions().client_version


def test_lossy():
    _, stats = exchange(faults=Faults(1, drop=0.02, duplicate=0.02, reorder=0.05), size=300_000)
    assert stats.resent and stats.duplicates


def test_latency_costs_the_start_only():
    async def story():
        gateway = Gateway(bare(), Faults(delay=0.02))
        async with open_channel(gateway, None, gateway.connect) as channel:
            await echo(channel, b"x")
            before = gateway.loop.time()
            await echo(channel, b"y")
            return gateway.loop.time() - before

    assert run_virtually(story()) == pytest.approx(0.04, abs=0.003)


@pytest.mark.parametrize("swapped", [0, 1, 2])
def test_handshake_messages_may_come_late_and_in_any_order(swapped):
    """The `swapped`th message of the agent is overtaken by those after it; HandshakeComplete may come early."""

    def late(direction, message):
        return [0.3 if direction == TO_CLIENT and message.sequence == swapped and message.type == wire.OUTPUT else 0.0]

    class Greeting(BytesApp):
        def start(self, agent):
            super().start(agent)
            agent.write(b"hello")

    async def story():
        gateway = Gateway(lambda emit: Agent(emit, Greeting()), late)
        async with open_channel(gateway, None, gateway.connect) as channel:
            assert await read(channel, 5) == b"hello"
            assert await echo(channel, b"again") == b"again"

    run_virtually(story())


def test_the_acknowledgement_of_the_answer_may_come_after_the_end_of_the_handshake():
    def late_ack(direction, message):
        return [0.5 if direction == TO_CLIENT and message.type == wire.ACKNOWLEDGE else 0.0]

    exchange(faults=late_ack)


def test_a_lost_acknowledgement_is_given_again():
    """The agent repeats only its oldest message: without a second acknowledgement a later loss were final."""
    lost = {"acks": 0, "messages": 0}

    def losing(direction, message):
        if direction == TO_AGENT and message.type == wire.ACKNOWLEDGE and lost["acks"] < 1:
            lost["acks"] += 1
            return []
        if direction == TO_CLIENT and message.sequence == 5 and lost["messages"] < 1:
            lost["messages"] += 1
            return []
        return [0.0]

    _, stats = exchange(faults=losing)
    assert lost == {"acks": 1, "messages": 1}
    assert stats.duplicates >= 1


def test_bytes_are_never_altered_newlines_least_of_all():
    async def story():
        gateway = Gateway(bare())
        async with open_channel(gateway, None, gateway.connect) as channel:
            for data in (b"\n", content(1023) + b"\n", content(1024) + b"\n", b"\r\n", b"\x03"):
                assert await echo(channel, data) == data

    run_virtually(story())


async def cut_soon(gateway, channel):
    await asyncio.sleep(0.02)
    gateway.session.cut()


def test_cut_during_transfer():
    gateway, stats = exchange(size=200_000, during=cut_soon)
    assert stats.reconnects == 1
    assert gateway.calls == ["start", "resume", "terminate"]
    assert len(gateway.session.client_ids) == 1, "the client id belongs to the session"
    assert len({o.token for o in gateway.openings}) == 2


def test_cut_while_idle():
    async def story():
        gateway = Gateway(bare())
        async with open_channel(gateway, None, gateway.connect) as channel:
            await echo(channel, b"before")
            await asyncio.sleep(600)
            gateway.session.cut()
            await asyncio.sleep(5)
            assert await echo(channel, b"after") == b"after"

    run_virtually(story())


def test_a_connection_that_goes_silent_is_left_for_another():
    """A laptop wakes elsewhere: no error comes, only nothing."""
    deaf = {"until_reconnect": False}

    def silent(direction, message):
        return [] if deaf["until_reconnect"] else [0.0]

    async def pull_the_plug(gateway, channel):
        await asyncio.sleep(0.02)
        deaf["until_reconnect"] = True
        while len(gateway.openings) < 2:
            await asyncio.sleep(0.1)
        deaf["until_reconnect"] = False

    _, stats = exchange(faults=silent, size=100_000, during=pull_the_plug)
    assert stats.reconnects >= 1


def test_what_was_in_flight_goes_at_once_over_a_new_connection():
    deaf = {"agent": False}

    def losing(direction, message):
        return [] if deaf["agent"] and direction == TO_AGENT else [0.0]

    async def story():
        gateway = Gateway(bare(), losing)
        async with open_channel(gateway, None, gateway.connect) as channel:
            deaf["agent"] = True
            await channel.write(b"hello")
            await asyncio.sleep(3.3)  # repetitions have become rare by now
            deaf["agent"] = False
            gateway.session.cut()
            before = gateway.loop.time()
            assert await read(channel, 5) == b"hello"
            assert gateway.loop.time() - before < 0.5

    run_virtually(story())


@pytest.mark.parametrize(("answered_before", "reconnects"), [(True, 1), (False, 0)])
def test_pings_that_are_no_longer_answered_mean_a_dead_connection(answered_before, reconnects):
    async def story():
        gateway = Gateway(bare())
        async with open_channel(gateway, None, gateway.connect) as channel:
            await asyncio.sleep(61 if answered_before else 1)
            gateway.session.answers_no_pings = True
            await asyncio.sleep(100)
            assert channel.figures().reconnects == reconnects

    run_virtually(story())


def test_an_outage_is_counted_from_its_beginning():
    async def story():
        gateway = Gateway(bare())
        async with open_channel(gateway, ChannelOptions(resume_for=30), gateway.connect) as channel:
            await asyncio.sleep(600)
            gateway.session.unreachable = True
            gateway.session.cut()
            await asyncio.sleep(20)
            gateway.session.unreachable = False
            assert await echo(channel, b"back") == b"back"

    run_virtually(story())


def test_an_acknowledgement_of_something_else_is_not_taken_for_ours():
    async def story():
        gateway = Gateway(bare())
        async with open_channel(gateway, None, gateway.connect) as channel:
            gateway.session.agent.take = lambda frame: None
            await channel.write(b"hello")
            await asyncio.sleep(0.1)
            foreign = payloads.Acknowledged(wire.OUTPUT, "x", 1).payload()
            gateway.session.deliver(
                wire.encode(wire.Message(wire.ACKNOWLEDGE, UUID(int=1), 1, foreign)), gateway.session.socket
            )
            await asyncio.sleep(0.01)
            assert channel.figures().unacked == 1

    run_virtually(story())


def test_resume_is_tried_until_the_network_is_back():
    async def outage(gateway, channel):
        await asyncio.sleep(0.02)
        gateway.session.unreachable = True
        gateway.resume_errors = [OSError("no network")] * 5 + [
            AwsError("slow down", operation="ResumeSession", aws_code="ThrottlingException"),
            DeployerError("The AWS endpoint could not be reached.", code="endpoint-connection"),
        ]
        gateway.session.cut()
        await asyncio.sleep(60)
        gateway.session.unreachable = False

    _, stats = exchange(size=100_000, during=outage)
    assert stats.reconnects == 1


@pytest.mark.parametrize("error", ["over", FORBIDDEN])
def test_a_refused_resume_ends_the_channel_in_words(error):
    async def story():
        gateway = Gateway(bare())
        async with open_channel(gateway, None, gateway.connect) as channel:
            gateway.resume_errors = [error]
            gateway.session.cut()
            assert await channel.receive() is None
            assert channel.end.kind is EndKind.LOST
            with pytest.raises(DeployerError, match="could not be resumed") as failure:
                channel.raise_if_lost()
            assert failure.value.code == "session-lost"
            with pytest.raises(ConnectionLost):
                await channel.write(b"more")

    run_virtually(story())


def test_an_outage_longer_than_allowed_ends_the_channel():
    async def story():
        gateway = Gateway(bare())
        async with open_channel(gateway, ChannelOptions(resume_for=30), gateway.connect) as channel:
            gateway.session.unreachable = True
            gateway.session.cut()
            before = gateway.loop.time()
            assert await channel.receive() is None
            return gateway.loop.time() - before

    assert 20 < run_virtually(story()) <= 31


def test_what_came_before_the_end_is_still_handed_on_and_the_reason_told():
    async def story():
        gateway = Gateway(bare())
        async with open_channel(gateway, None, gateway.connect) as channel:
            gateway.session.agent.write(b"last words")
            await asyncio.sleep(1)
            gateway.session.finish("Session timed out due to inactivity.")
            assert await read(channel, 10) == b"last words"
            assert await channel.receive() is None
            assert (channel.end.kind, channel.end.reason) == (EndKind.REMOTE, "Session timed out due to inactivity.")
        assert gateway.calls == ["start"], "what the service has ended needs no ending"

    run_virtually(story())


def test_publication_messages_and_nonsense_are_passed_over():
    async def disturb(gateway, channel):
        await asyncio.sleep(0.01)
        for kind in (wire.START_PUBLICATION, wire.PAUSE_PUBLICATION):
            gateway.session.deliver(bytes(4) + kind.encode().ljust(32) + b"?", gateway.session.socket)
        gateway.session.deliver(b"nonsense", gateway.session.socket)

    _, stats = exchange(size=50_000, during=disturb)
    assert stats.bad_frames == 1


def test_a_damaged_frame_is_not_acknowledged_and_comes_again():
    async def damage(gateway, channel):
        session, agent = gateway.session, gateway.session.agent
        emit = agent.emit

        def damaged(frame):
            agent.emit = emit
            session.deliver(frame[:-1] + bytes([frame[-1] ^ 1]), session.socket)

        await asyncio.sleep(0.01)
        agent.emit = damaged

    _, stats = exchange(size=50_000, during=damage)
    assert stats.bad_frames == 1


def test_a_slow_reader_holds_a_bounded_amount_and_loses_nothing():
    async def story():
        gateway = Gateway(bare(answer=lambda data: content(8_000_000)))
        async with open_channel(gateway, None, gateway.connect) as channel:
            gateway.session.agent.interval = 0.0001
            await channel.write(b"send me all of it")
            await asyncio.sleep(20)
            for _ in range(3):
                await channel.write(b"a word meanwhile, whose acknowledgement nobody reads")
                await asyncio.sleep(20)
            assert channel._buffers.receiver.waiting <= READY
            assert gateway.session.socket.inbox.qsize() > 1000, "the rest waits outside"
            assert await read(channel, 8_000_000) == content(8_000_000)
            stats = channel.figures()
            assert (stats.reconnects, stats.resent) == (0, 0), "silence of our own making is no dead connection"

    run_virtually(story())


def test_a_slow_agent_holds_the_writer_back():
    async def story():
        gateway = Gateway(bare(), lambda direction, message: [0.0])
        async with open_channel(gateway, None, gateway.connect) as channel:
            gateway.session.agent.take = lambda frame: None  # hears nothing
            writing = asyncio.create_task(channel.write(bytes(10_000_000)))
            second = asyncio.create_task(channel.write(b"x"))
            await asyncio.sleep(5)
            assert not writing.done() and not second.done()
            assert channel.figures().unacked == 512
            writing.cancel()
            second.cancel()

    run_virtually(story())


def test_an_upload_keeps_to_the_rate():
    async def story():
        gateway = Gateway(bare(answer=lambda data: b""))
        async with open_channel(gateway, None, gateway.connect) as channel:
            before = gateway.loop.time()
            await channel.write(bytes(2_000_000))
            await channel.flush()
            return 2_000_000 / (gateway.loop.time() - before) / 1024

    assert 0.95 * 950 < run_virtually(story()) < 1.03 * 950


def test_a_way_that_becomes_slow_is_not_taken_for_a_lossy_one():
    seen = {"frames": 0}

    def slowing(direction, message):
        seen["frames"] += 1
        return [0.01 if seen["frames"] < 500 else 0.4]

    async def story():
        gateway = Gateway(bare(answer=lambda data: b""), slowing)
        async with open_channel(gateway, None, gateway.connect) as channel:
            await channel.write(bytes(3_000_000))
            await channel.flush()
            return channel.figures()

    stats = run_virtually(story())
    assert stats.resent < 0.1 * stats.messages_sent


def test_small_writes_run_together_while_they_wait():
    async def story():
        gateway = Gateway(bare(answer=lambda data: b""))
        async with open_channel(gateway, None, gateway.connect) as channel:
            for _ in range(20_000):
                await channel.write(b"0123456789")
            await channel.flush()
            assert bytes(gateway.session.agent.app.got) == b"0123456789" * 20_000
            return channel.figures().messages_sent

    assert run_virtually(story()) < 250


def test_access_ends_at_the_time_given():
    async def story():
        gateway = Gateway(bare())
        until = datetime.now(UTC) + timedelta(hours=1)
        async with open_channel(gateway, ChannelOptions(until=until), gateway.connect) as channel:
            assert await channel.receive() is None
            assert channel.end.kind is EndKind.ACCESS_ENDED
            assert gateway.loop.time() == pytest.approx(3600, abs=5)
        assert gateway.calls == ["start", "terminate"]

    run_virtually(story())


# Ways in


@pytest.mark.parametrize("challenge", ["", "cmFuZG9t"])
def test_an_encrypted_session_with_and_without_the_random_challenge(challenge):
    def with_key(gateway):
        gateway.data_key = KEY

    gateway, _ = exchange(bare(data_key=KEY, challenge=challenge), setup=with_key)
    context = {"aws:ssm:SessionId": "user-0000", "aws:ssm:TargetId": "i-1"}
    if challenge:
        context["aws:ssm:RandomChallenge"] = challenge
    assert gateway.calls[1] == ("generate_data_key", "key-1", context)
    result = gateway.session.agent.response.processed[1].result
    assert result.get("ChallengeAcknowledgement", False) is bool(challenge)
    assert result["KMSCipherTextKey"] == "ZW5jcnlwdGVkIGtleQ=="


def test_without_the_key_the_agent_is_told_and_the_user_too():
    async def story():
        gateway = Gateway(bare(data_key=KEY))
        with pytest.raises(AwsError, match="GenerateDataKey"):
            async with open_channel(gateway, None, gateway.connect):
                pass
        response = gateway.session.agent.response
        assert [p.status for p in response.processed] == [payloads.ActionStatus.SUCCESS, payloads.ActionStatus.FAILED]
        assert gateway.calls[-1] == "terminate"

    run_virtually(story())


def test_an_unknown_request_of_the_agent_is_answered_and_named():
    async def story():
        gateway = Gateway(bare(actions=[payloads.Action("Dance", {})]))
        with pytest.raises(DeployerError, match="Dance") as failure:
            async with open_channel(gateway, None, gateway.connect):
                pass
        assert "--client plugin" in failure.value.hint
        assert gateway.session.agent.response.processed[1].status == payloads.ActionStatus.UNSUPPORTED

    run_virtually(story())


def test_an_agent_of_old_starts_without_a_handshake():
    class Shell(BytesApp):
        def start(self, agent):
            super().start(agent)
            agent.write(b"$ ")

    async def story():
        gateway = Gateway(lambda emit: Agent(emit, Shell(), handshake=False))
        async with open_channel(gateway, None, gateway.connect) as channel:
            assert channel.handshake.session_type == payloads.STANDARD_STREAM
            assert await read(channel, 2) == b"$ "
            assert await echo(channel, b"ls") == b"ls"

    run_virtually(story())


def test_a_silent_agent_is_given_up_and_the_session_ended():
    async def story():
        gateway = Gateway(bare())
        gateway.faults = lambda direction, message: []
        with pytest.raises(DeployerError, match="handshake") as failure:
            async with open_channel(gateway, None, gateway.connect):
                pass
        assert failure.value.code == "handshake-failed"
        assert gateway.calls[-1] == "terminate"

    run_virtually(story())


def test_an_unreachable_gateway_is_named():
    async def story():
        gateway = Gateway(bare())

        async def nowhere(url, headers, options):
            raise OSError("no route to host")

        with pytest.raises(DeployerError, match="no route to host") as failure:
            async with open_channel(gateway, None, nowhere):
                pass
        assert failure.value.code == "channel-unreachable"
        assert gateway.calls == ["start", "terminate"]

    run_virtually(story())


# Ways out


@pytest.mark.parametrize("way", ["return", "error", "cancel"])
def test_the_session_is_ended_on_every_way_out(way):
    async def use(gateway, opened):
        async with open_channel(gateway, None, gateway.connect):
            opened.set()
            if way == "error":
                raise KeyError("a bug in the caller")
            if way == "cancel":
                await asyncio.sleep(3600)

    async def story():
        gateway, opened = Gateway(bare()), asyncio.Event()
        task = asyncio.create_task(use(gateway, opened))
        await opened.wait()
        if way == "cancel":
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert gateway.calls == ["start", "terminate"]
        assert gateway.session.over

    run_virtually(story())


def test_a_session_that_starts_while_the_user_leaves_is_ended_too():
    begun, may_answer = threading.Event(), threading.Event()

    async def story():
        gateway = Gateway(bare())
        start = gateway.start

        def slow_start():
            begun.set()
            may_answer.wait(10)
            return start()

        gateway.start = slow_start
        task = asyncio.create_task(open_channel(gateway, None, gateway.connect).__aenter__())
        await asyncio.to_thread(begun.wait, 10)
        task.cancel()
        await asyncio.sleep(0.01)
        may_answer.set()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        assert gateway.calls == ["start", "terminate"]

    asyncio.run(story())


def test_an_error_nobody_foresaw_reaches_the_reader():
    async def story():
        gateway = Gateway(bare())
        async with open_channel(gateway, None, gateway.connect) as channel:
            gateway.sign = lambda url: 1 / 0
            gateway.session.cut()
            assert await channel.receive() is None
            with pytest.raises(ZeroDivisionError):
                channel.raise_if_lost()

    run_virtually(story())


def test_a_second_interrupt_does_not_stop_the_ending():
    async def use(gateway):
        async with open_channel(gateway, None, gateway.connect):
            await asyncio.sleep(3600)

    async def story():
        gateway = Gateway(bare())
        task = asyncio.create_task(use(gateway))
        await asyncio.sleep(1)
        for _ in range(20):
            task.cancel()
            await asyncio.sleep(0)
        await asyncio.gather(task, return_exceptions=True)
        assert gateway.calls == ["start", "terminate"]
        assert task.cancelled()

    run_virtually(story())


def test_when_the_ending_is_refused_the_figures_name_the_session():
    async def story():
        gateway = Gateway(bare())

        def refuse(session_id):
            raise AwsError("ssm refused TerminateSession.", operation="TerminateSession", aws_code="AccessDenied")

        gateway.terminate = refuse
        async with open_channel(gateway, None, gateway.connect) as channel:
            pass
        assert channel.figures().not_terminated == "user-0000"

    run_virtually(story())


def test_a_connection_that_closes_behind_the_ending_is_not_resumed():
    async def story():
        gateway = Gateway(bare())

        def end_without_a_word(session_id):
            gateway.calls.append("terminate")
            gateway.session.over = True
            gateway.loop.call_soon_threadsafe(gateway.session.cut)
            time.sleep(0.05)  # the answer comes after the connection is gone

        gateway.terminate = end_without_a_word
        async with open_channel(gateway, None, gateway.connect):
            pass
        assert gateway.calls == ["start", "terminate"]

    run_virtually(story())


def test_the_agents_own_end_counts_when_the_call_is_refused():
    async def story():
        gateway = Gateway(bare())

        def refuse(session_id):
            gateway.loop.call_later(0.2, gateway.session.finish)
            raise AwsError("ssm refused TerminateSession.", operation="TerminateSession", aws_code="AccessDenied")

        gateway.terminate = refuse
        async with open_channel(gateway, None, gateway.connect) as channel:
            pass
        assert channel.figures().not_terminated == ""

    run_virtually(story())


# Secrets


def test_the_frame_log_tells_all_but_secrets(caplog):
    def with_key(gateway):
        gateway.data_key = KEY

    with caplog.at_level(logging.DEBUG, "deployer.channel"):
        gateway, _ = exchange(bare(data_key=KEY, challenge="cmFuZG9t"), setup=with_key, during=cut_soon)
    log = caplog.text
    assert "input_stream_data seq=0" in log and "HANDSHAKE_RESPONSE" in log and "AgentVersion" in log
    assert "opening of user-0000 signed=True" in log
    for secret in (*(o.token for o in gateway.openings), "ZW5jcnlwdGVkIGtleQ==", "cmFuZG9t", "token-"):
        assert secret not in log


def test_a_grant_does_not_show_its_token():
    async def story():
        return repr(Gateway(bare()).start())

    assert "token-" not in run_virtually(story())


# Everything at once


@pytest.mark.parametrize("seed", range(40))
def test_random_faults_and_cuts_over_the_whole_channel(seed):
    faults = Faults(seed, drop=0.05, duplicate=0.05, reorder=0.2, delay=0.005 * (seed % 4))

    async def cuts(gateway, channel):
        for _ in range(faults.rng.randrange(4)):
            await asyncio.sleep(faults.rng.random())
            gateway.session.cut()

    exchange(faults=faults, size=40_000, during=cuts)
