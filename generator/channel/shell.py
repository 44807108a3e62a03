"""A shell at the user's terminal, and a command without one.

At a terminal every key is sent as it is (raw mode), so interrupt and suspend reach the far side as bytes; signals sent
to this process become the same bytes. The terminal's mode is restored however the shell ends.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from generator.channel import payloads, wire
from generator.channel.channel import Channel, Received
from generator.channel.session import End, EndKind
from generator.channel.stdio import read_fd, write_fd
from generator.channel.transport import ConnectionLost
from generator.errors import DeployerError

WITHOUT_TERMINAL = (300, 100)  # columns and rows without a terminal, as the reference client sends
SIGNAL_BYTES = {signal.SIGINT: b"\x03", signal.SIGQUIT: b"\x1c", signal.SIGTSTP: b"\x1a"}
END_OF_INPUT = b"\x04"
SHELLS = frozenset({payloads.STANDARD_STREAM, payloads.INTERACTIVE_COMMANDS, payloads.NON_INTERACTIVE_COMMANDS})
_EXIT_CODE = re.compile(rb"-?\d+\s*$")  # the agent writes "EXIT_CODE: 3"


@dataclass(frozen=True, slots=True)
class ShellResult:
    """How a shell or a command ended. `exit_code` is None where the agent sends none, as for shells."""

    end: End
    exit_code: int | None
    sent: int
    received: int


async def shell(channel: Channel, stdin: int = 0, stdout: int = 1, stderr: int = 2) -> ShellResult:
    """Connect a shell session to three file descriptors until it ends.

    Raises `DeployerError` with code `not-a-shell-document` for other sessions and `session-lost` when it broke.
    """
    _check(channel)
    with _raw(stdin), _signals(channel, stdin):
        _post_size(channel, stdin)
        typing = asyncio.create_task(_send_input(channel, stdin))
        try:
            return await _show(channel, stdout, stderr)
        finally:
            typing.cancel()
            await asyncio.gather(typing, return_exceptions=True)


async def run_command(channel: Channel, stdout: int = 1, stderr: int = 2) -> ShellResult:
    """Write a command's output and errors separately until it ends; return its exit code too (payload types 11, 12).

    The session's document names the command. Raises as `shell` does.
    """
    _check(channel)
    return await _show(channel, stdout, stderr)


def exit_code_of(payload: bytes) -> int | None:
    """The number in an exit code's payload, None when there is none."""
    number = _EXIT_CODE.search(payload)
    return int(number.group()) if number else None


async def _show(channel: Channel, stdout: int, stderr: int) -> ShellResult:
    exit_code: int | None = None
    while (received := await channel.receive()) is not None:
        if received.type == wire.PayloadType.EXIT_CODE:
            exit_code = exit_code_of(received.payload)
            break
        await _write_out(received, stdout, stderr)
    channel.raise_if_lost()
    return ShellResult(channel.end or End(EndKind.REMOTE), exit_code, channel.stats.sent, channel.stats.received)


async def _write_out(received: Received, stdout: int, stderr: int) -> None:
    if received.type == wire.PayloadType.OUTPUT:
        await write_fd(stdout, received.payload)
    elif received.type in (wire.PayloadType.STDERR, wire.PayloadType.ERROR):
        await write_fd(stderr, received.payload)


async def _send_input(channel: Channel, stdin: int) -> None:
    with suppress(ConnectionLost):
        while data := await read_fd(stdin):
            await channel.write(data)
        await channel.write(END_OF_INPUT)


def _check(channel: Channel) -> None:
    if channel.handshake.session_type not in SHELLS:
        raise DeployerError(
            f"The session's document opens a {channel.handshake.session_type} session, not a shell or a command.",
            "Use a session document of type Standard_Stream.",
            code="not-a-shell-document",
        )


def _post_size(channel: Channel, fd: int) -> None:
    try:
        size = os.get_terminal_size(fd)
        columns, rows = size.columns, size.lines
    except OSError:
        columns, rows = WITHOUT_TERMINAL
    with suppress(ConnectionLost):
        channel.post(wire.PayloadType.SIZE, payloads.size_payload(columns, rows))


@contextmanager
def _raw(fd: int) -> Iterator[None]:
    """The terminal in raw mode; anything else stays as it is."""
    if not os.isatty(fd):
        yield
        return
    before = termios.tcgetattr(fd)
    try:
        tty.setraw(fd, termios.TCSANOW)
        yield
    finally:
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(fd, termios.TCSADRAIN, before)


@contextmanager
def _signals(channel: Channel, fd: int) -> Iterator[None]:
    """At a terminal: signals to this process as bytes to the far side, changes of size as messages."""
    if not os.isatty(fd):
        yield  # a signal then means this process
        return
    loop = asyncio.get_running_loop()

    def sends(data: bytes) -> Callable[[], None]:
        def send() -> None:
            with suppress(ConnectionLost):
                channel.post(wire.PayloadType.OUTPUT, data)

        return send

    handlers: dict[int, Callable[[], None]] = {number: sends(data) for number, data in SIGNAL_BYTES.items()}
    handlers[signal.SIGWINCH] = lambda: _post_size(channel, fd)
    before = {number: signal.getsignal(number) for number in handlers}
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number, previous in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, previous)
