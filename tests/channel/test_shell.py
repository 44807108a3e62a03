"""Shells, commands and carried descriptors: real pipes and terminals, test agent and gateway in memory."""

import asyncio
import os
import pty
import signal
import struct
import termios
from contextlib import contextmanager, suppress
from fcntl import ioctl

import pytest

from generator.channel import payloads
from generator.channel.channel import open_channel
from generator.channel.session import ChannelOptions, EndKind
from generator.channel.shell import exit_code_of, run_command, shell
from generator.channel.stdio import read_fd, stdio, write_fd
from generator.channel.wire import PayloadType
from generator.errors import DeployerError
from tests.channel.agent import Agent, BytesApp, ShellApp
from tests.channel.clock import run_virtually
from tests.channel.gateway import Gateway

SSH = {"portNumber": "22"}


@contextmanager
def pipe():
    ends = os.pipe()
    try:
        yield ends
    finally:
        for end in ends:
            with suppress(OSError):  # the test has closed it
                os.close(end)


@contextmanager
def terminal(columns, rows):
    """The user's end and the program's end."""
    user, program = pty.openpty()
    ioctl(program, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    try:
        yield user, program
    finally:
        os.close(user)
        os.close(program)


async def until(true):
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.005)


async def expect(fd, text):
    """Read until `text` has come: terminals take real time."""
    got = b""
    async with asyncio.timeout(10):
        while not got.endswith(text):
            got += await read_fd(fd)
    assert got == text


def with_channel(use, app, session_type, properties=None, options=None, run=run_virtually):
    async def story():
        gateway = Gateway(lambda emit: Agent(emit, app, session_type, properties))
        app.finish = lambda: asyncio.get_running_loop().call_later(0.05, gateway.session.finish)
        async with open_channel(gateway, options, gateway.connect) as channel:
            return await use(gateway, channel)

    return run(story())


def is_raw(fd):
    return not termios.tcgetattr(fd)[3] & (termios.ICANON | termios.ECHO | termios.ISIG)


def toy_shell():
    app = ShellApp(lambda: app.finish())
    return app


def test_a_shell_at_a_terminal():
    """Greet, echo, resize, interrupt, exit; the terminal is raw meanwhile and as before afterwards."""
    app = toy_shell()

    async def use(gateway, channel):
        with terminal(120, 40) as (user, program):
            before = termios.tcgetattr(program)
            session = asyncio.create_task(shell(channel, program, program, program))
            await expect(user, b"$ ")
            assert is_raw(program)
            os.write(user, b"ls\r\x03")
            await expect(user, b"ls\r^C")
            ioctl(program, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 132, 0, 0))
            os.kill(os.getpid(), signal.SIGWINCH)
            os.kill(os.getpid(), signal.SIGTSTP)
            await until(lambda: app.got.endswith(b"\x1a") and len(app.sizes) == 2)
            os.write(user, b"exit\r")
            result = await session
            assert termios.tcgetattr(program) == before
            return result

    handler = signal.getsignal(signal.SIGTSTP)
    result = with_channel(use, app, payloads.STANDARD_STREAM, run=asyncio.run)
    assert result.end.kind is EndKind.REMOTE and result.exit_code is None
    assert app.sizes == [(120, 40), (132, 50)]
    assert app.got == b"ls\r\x03\x1aexit\r"
    assert signal.getsignal(signal.SIGTSTP) == handler


def test_the_terminal_is_restored_when_the_session_breaks():
    async def use(gateway, channel):
        with terminal(80, 24) as (_, program):
            before = termios.tcgetattr(program)
            session = asyncio.create_task(shell(channel, program, program, program))
            await until(lambda: is_raw(program))
            gateway.resume_errors = ["over"]
            gateway.session.cut()
            with pytest.raises(DeployerError, match="could not be resumed"):
                await session
            assert termios.tcgetattr(program) == before

    with_channel(use, toy_shell(), payloads.STANDARD_STREAM, run=asyncio.run)


def test_a_shell_fed_from_a_pipe_ends_with_its_input():
    app = toy_shell()

    async def use(gateway, channel):
        with pipe() as (stdin, feed), pipe() as (show, stdout):
            os.write(feed, b"uptime\n")
            os.close(feed)
            result = await shell(channel, stdin, stdout, stdout)
            assert os.read(show, 100) == b"$ uptime\n\x04"
            return result

    assert with_channel(use, app, payloads.INTERACTIVE_COMMANDS).end.kind is EndKind.REMOTE
    assert app.sizes == [(300, 100)]
    assert app.got == b"uptime\n\x04", "bytes are not altered"


class Command(BytesApp):
    def start(self, agent):
        agent.send(PayloadType.OUTPUT, b"42\n")
        agent.send(PayloadType.STDERR, b"careful\n")
        agent.send(PayloadType.EXIT_CODE, b"EXIT_CODE: 3")


def test_a_command_shows_its_output_and_errors_apart_and_its_exit_code():
    async def use(gateway, channel):
        with pipe() as (out, stdout), pipe() as (err, stderr):
            result = await run_command(channel, stdout, stderr)
            assert (os.read(out, 100), os.read(err, 100)) == (b"42\n", b"careful\n")
            return result

    assert with_channel(use, Command(), payloads.NON_INTERACTIVE_COMMANDS).exit_code == 3


@pytest.mark.parametrize(("payload", "code"), [(b"EXIT_CODE: 0", 0), (b"EXIT_CODE: 137\n", 137), (b"?", None)])
def test_exit_codes_are_read_from_the_agents_text(payload, code):
    assert exit_code_of(payload) == code


@pytest.mark.parametrize("use", [shell, run_command])
def test_a_port_document_is_no_shell(use):
    async def refused(gateway, channel):
        with pytest.raises(DeployerError, match="not a shell"):
            await use(channel)

    with_channel(refused, BytesApp(), payloads.PORT, SSH)


# ProxyCommand


def test_stdio_carries_bytes_both_ways_until_the_far_side_ends():
    async def use(gateway, channel):
        with pipe() as (stdin, feed), pipe() as (show, stdout):
            session = asyncio.create_task(stdio(channel, stdin, stdout))
            sent = bytes(range(256)) * 200
            asyncio.get_running_loop().call_later(5, gateway.session.finish)
            got = bytearray()
            feeding = asyncio.create_task(write_fd(feed, sent))
            while len(got) < len(sent):
                got += await read_fd(show)
            await feeding
            assert got == sent
            return await session

    result = with_channel(use, BytesApp(), payloads.PORT, SSH)
    assert (result.end.kind, result.sent, result.received) == (EndKind.REMOTE, 51_200, 51_200)


def test_stdio_sends_everything_and_awaits_the_answer_after_its_input_has_ended():
    app = BytesApp(answer=lambda data: b"")

    async def use(gateway, channel):
        with pipe() as (stdin, feed), pipe() as (show, stdout):
            os.write(feed, b"question")
            os.close(feed)
            asyncio.get_running_loop().call_later(8, gateway.session.agent.write, b"late answer")
            result = await stdio(channel, stdin, stdout)
            assert os.read(show, 100) == b"late answer"
            return result

    assert with_channel(use, app, payloads.PORT, SSH).end.kind is EndKind.LOCAL
    assert app.got == b"question"


def test_stdio_delivers_its_last_bytes_through_an_outage():
    app = BytesApp(answer=lambda data: b"")

    async def use(gateway, channel):
        with pipe() as (stdin, feed), pipe() as (_, stdout):
            gateway.session.unreachable = True
            gateway.session.cut()
            asyncio.get_running_loop().call_later(30, setattr, gateway.session, "unreachable", False)
            os.write(feed, b"last words")
            os.close(feed)
            await stdio(channel, stdin, stdout)

    with_channel(use, app, payloads.PORT, SSH)
    assert app.got == b"last words"


def test_stdio_stops_when_nobody_reads_any_more():
    async def use(gateway, channel):
        with pipe() as (stdin, _), pipe() as (show, stdout):
            os.close(show)
            gateway.session.agent.write(b"into the void")
            return await stdio(channel, stdin, stdout)

    assert with_channel(use, BytesApp(), payloads.PORT, SSH).end.kind is EndKind.LOCAL


def test_stdio_needs_a_document_without_forwarding():
    async def use(gateway, channel):
        with pytest.raises(DeployerError, match="bare connection"):
            await stdio(channel)

    with_channel(use, BytesApp(), payloads.PORT, {"type": "LocalPortForwarding"})


def test_a_regular_file_serves_as_input_and_output(tmp_path):
    (tmp_path / "in").write_bytes(b"abc" * 10_000)

    async def use(gateway, channel):
        with (tmp_path / "in").open("rb") as stdin, (tmp_path / "out").open("wb") as stdout:
            await stdio(channel, stdin.fileno(), stdout.fileno())

    with_channel(use, BytesApp(), payloads.PORT, SSH, ChannelOptions(half_close=2))
    assert (tmp_path / "out").read_bytes() == b"abc" * 10_000
