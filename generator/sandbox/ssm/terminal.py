"""The imitated shell at a terminal, and one command without a terminal: an agent's shell plug-ins."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from generator.channel import payloads
from generator.channel.wire import PayloadType
from generator.sandbox.ssm.agent import Agent
from generator.sandbox.ssm.shell import BANNER, ImitatedShell

Log = Callable[[str], None]
"""Takes the lines of a transcript, for the session log."""

CARRIES_FILES = "exec sh -c 'stty raw -echo;"  # how `deployer cp` makes a shell answer requests
INTERRUPT, END_OF_INPUT, ERASE = b"\x03", b"\x04", (b"\x7f", b"\x08")


def imitated(host: str, user: str, files: dict[str, str]) -> ImitatedShell:
    """A shell on an imitated host, with this machine's clock."""
    return ImitatedShell(host, user, now=lambda: time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime()), files=files)


async def interactive(agent: Agent, shell: ImitatedShell, log: Log) -> None:
    """Read lines with echo, erase, interrupt and end of input, run each, until exit."""
    terminal = Terminal(agent, shell, log)
    await _show(agent, f"{BANNER}\n{shell.prompt}")
    log(BANNER)
    try:
        while not terminal.left:
            kind, data = await agent.receive()
            if kind == PayloadType.SIZE:
                columns, rows = payloads.read_size(data)
                shell.size = (rows, columns)
            elif kind == PayloadType.OUTPUT:
                await terminal.typed(data)
    finally:
        terminal.interrupt()


class Terminal:
    """The line being typed and the command being run."""

    def __init__(self, agent: Agent, shell: ImitatedShell, log: Log) -> None:
        self.left = False  # end of input was typed
        self._agent, self._shell, self._log = agent, shell, log
        self._line = b""
        self._running: asyncio.Task[None] | None = None

    async def typed(self, keys: bytes) -> None:
        """Handle typed keys."""
        for key in (keys[i : i + 1] for i in range(len(keys))):
            if key == INTERRUPT:
                self.interrupt()
                await _show(self._agent, f"^C\n{self._shell.prompt}")
            elif key == END_OF_INPUT and not self._line:
                self.left = True
                await _show(self._agent, "exit\n")
            elif key in ERASE:
                self._line = self._line[:-1]
                await self._agent.write(b"\b \b")
            elif key in (b"\r", b"\n"):
                await self._enter()
            else:
                self._line += key
                await self._agent.write(key)

    def interrupt(self) -> None:
        """Drop the line and the command that runs."""
        self._line = b""
        if self._running:
            self._running.cancel()

    async def _enter(self) -> None:
        await _show(self._agent, "\n")
        text, self._line = self._line.decode("utf-8", "replace"), b""
        self._log(f"{self._shell.prompt}{text}")
        if self._running:
            await asyncio.gather(self._running, return_exceptions=True)
        self._running = asyncio.create_task(self._run(text))

    async def _run(self, text: str) -> None:
        if text.startswith(CARRIES_FILES):
            self._agent.finish("the sandbox imitates this shell, so that no file can go through it")
            return
        outcome = self._shell.run(text)
        await asyncio.sleep(outcome.seconds)
        for part in (outcome.out, outcome.err):
            if part:
                self._log(part.rstrip("\n"))
                await _show(self._agent, part)
        if outcome.ended:
            await self._agent.flush()
            self._agent.finish()
        else:
            await _show(self._agent, self._shell.prompt)


async def command(agent: Agent, shell: ImitatedShell, script: str, log: Log, *, apart: bool) -> None:
    """Run one script and end. `apart`: errors and the exit code travel as their own payload types."""
    log(f"{shell.prompt}{script}")
    outcome = shell.run(script)
    await asyncio.sleep(outcome.seconds)
    log((outcome.out + outcome.err).rstrip("\n"))
    for text, kind in ((outcome.out, PayloadType.OUTPUT), (outcome.err, PayloadType.STDERR)):
        for start in range(0, len(text), 512):
            piece = text[start : start + 512]
            await agent.write(piece.encode(), kind if apart else PayloadType.OUTPUT)
    if apart:
        agent.post(PayloadType.EXIT_CODE, f"EXIT_CODE: {outcome.code}".encode())


async def _show(agent: Agent, text: str) -> None:
    await agent.write(text.replace("\n", "\r\n").encode())
