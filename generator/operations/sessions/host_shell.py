"""A shell session used by a program: one request, one answer, bytes as base64 because there is a terminal in between.

The far side is /bin/sh with coreutils (dd with skip_bytes, base64, sha256sum), as Amazon Linux and other Linuxes have
them. The terminal is put into raw mode, so that nothing is echoed, cut at 4,096 characters or turned into a signal.
Answers are framed by two control characters that neither base64 nor the echo of a typed line contains.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from generator.channel import wire
from generator.channel.channel import Channel, open_channel
from generator.channel.session import ChannelOptions
from generator.channel.transport import Connect, ConnectionLost, connect_websocket
from generator.errors import DeployerError
from generator.operations.sessions.service import SessionCalls

BEGIN, END = b"\x01", b"\x02"
PATIENCE, READY = 120.0, 20.0  # seconds for one answer, for the first
WHOLE_FILES = 3600.0  # seconds for what reads or writes files whole
ENTER = (
    'exec sh -c \'stty raw -echo; nl=$(printf "\\nx"); nl=${nl%x}; printf "\\001\\002"; '
    'while IFS= read -r line; do eval "$line"; done\'\n'
)
CHECK_PROGRAMS = "Copying needs /bin/sh with dd, base64 and sha256sum on the instance"
FULL = re.compile("No space left|[Qq]uota exceeded|no space is left")  # strerror(3) of ENOSPC and EDQUOT, and our own
NO_SPACE = "no-space"
CUT = 'trap "" HUP INT TERM; kill -HUP 0; wait; exit 1'
TO_THE_END = "trap '' HUP INT TERM; "
"""Begins a script that goes on when its session is cut."""
CHECK_PATH = "Check the path on the instance, and whether the session's user (ssm-user) may use it."


@asynccontextmanager
async def host_shell(
    calls: SessionCalls, options: ChannelOptions, connect: Connect = connect_websocket
) -> AsyncIterator[HostShell]:
    """Open a shell session and make it answer requests. Raises what `open_channel` raises, and `host-shell`."""
    async with open_channel(calls, options, connect) as channel:
        shell = HostShell(channel)
        await shell.enter()
        yield shell


class HostShell:
    """A shell that answers. Made by `host_shell`."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._unread = b""

    async def enter(self) -> None:
        """Make the shell answer. Raises DeployerError with code `host-shell` when it does not."""
        await self._send(ENTER.encode())
        await self.answer(READY)

    async def ask(self, script: str, patience: float = PATIENCE) -> bytes:
        """Run a line of shell; what it printed within `patience` seconds, errors included. Raises DeployerError with
        its words when it fails."""
        answer = f"{{ {{ {script}; }} 2>&1; printf '\\n%s' $?; }} | base64 -w0"
        line = f"printf '\\001'; {answer} & wait $!; printf '\\002'\n"  # a trap interrupts a wait and no program
        await self._send(os.fsencode(line))
        output, _, code = b64decode(await self.answer(patience)).rpartition(b"\n")
        if code != b"0":
            words = " ".join(output.decode("utf-8", "replace").split()) or f"exit {code.decode()}"
            raise _refused(f"The instance refused: {words.rstrip('.')}.")
        return output

    async def at_end(self, script: str) -> None:
        """Have the shell run `script` when it ends; of several the last one. Where its session is cut, what it runs is
        ended before, or waited for if it ignores that."""
        line = f"trap {word(script)} EXIT; trap {word(CUT)} HUP INT TERM; printf '\\001\\002'\n"
        await self._send(os.fsencode(line))
        await self.answer()

    async def read(self, path: str, offset: int, length: int) -> bytes:
        """Bytes of a file."""
        cut = f"iflag=skip_bytes,count_bytes skip={offset} count={length}"
        line = f"printf '\\001'; dd if={quoted(path)} bs=65536 {cut} status=none | base64 -w0; printf '\\002'\n"
        await self._send(os.fsencode(line))
        return b64decode(await self.answer())

    async def write(self, path: str, offset: int, data: bytes) -> None:
        """Put bytes into a file, at an offset. Raises DeployerError when they did not arrive as they were sent."""
        text = b64encode(data)
        place = f"oflag=seek_bytes conv=notrunc seek={offset}"
        line = (
            f"printf '\\001'; head -c {len(text)} | base64 -d | dd of={quoted(path)} bs=65536 iflag=fullblock "
            f"{place} status=none 2>&1 | base64 -w0; printf '\\002'\n"
        )
        await self._send(os.fsencode(line))
        await self._send(text)
        if words := b64decode(await self.answer()):
            complaint = words.decode("utf-8", "replace").strip()
            raise _refused(f"The instance could not write {path}: {complaint}.")

    async def answer(self, patience: float = PATIENCE) -> bytes:
        """The bytes between the marks of the next answer."""
        frame, piece = bytearray(), self._unread
        try:
            async with asyncio.timeout(patience):
                while True:
                    head, ended, rest = piece.partition(END)
                    frame += head
                    piece = rest if ended else await self._more()
                    if ended:
                        _, begun, body = bytes(frame).rpartition(BEGIN)
                        self._unread = rest
                        if begun:
                            return body
                        frame.clear()
        except TimeoutError as error:
            raise _no_response() from error

    async def _send(self, data: bytes) -> None:
        try:
            await self.channel.write(data)
        except ConnectionLost as error:
            self.channel.raise_if_lost()
            raise _no_response() from error

    async def _more(self) -> bytes:
        while (received := await self.channel.receive()) is not None:
            if received.type == wire.PayloadType.OUTPUT:
                return received.payload
        self.channel.raise_if_lost()
        raise _no_response(self.channel.end.reason if self.channel.end else "")


def quoted(path: str) -> str:
    """A path for the shell, no option whatever it begins with."""
    return word(path if path.startswith(("/", "./")) else f"./{path}")


def word(text: str) -> str:
    """Any text as one word of a line. The shell has a line end as $nl, since the line itself cannot hold one."""
    return shlex.quote(text).replace("\n", "'\"$nl\"'")


def _refused(message: str) -> DeployerError:
    """What a program of the instance has refused. `no-space` where its disk is full."""
    if FULL.search(message):
        return DeployerError(message, "Free some space on the instance, and copy it again.", code=NO_SPACE)
    return DeployerError(message, CHECK_PATH, code="host-refused")


def _no_response(reason: str = "") -> DeployerError:
    why = f": {reason.rstrip('.')}" if reason else ""
    return DeployerError(
        f"The shell on the instance does not respond as copying requires{why}.",
        f"{CHECK_PROGRAMS}; or repeat it over SSH, with --via ssh",
        code="host-shell",
    )
