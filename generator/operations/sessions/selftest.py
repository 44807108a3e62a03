"""connect --selftest: what a session on the user's own account can do, with a log of its frames to send.

A shell session is opened and asked for bytes; its websocket is closed in the middle, so that resuming is seen too.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from generator import directories
from generator.channel import signals
from generator.channel.framelog import LOG
from generator.channel.session import ChannelOptions
from generator.channel.transport import Connection, connect_websocket
from generator.gateway.aws import Gateway
from generator.model.connect import ConnectPlan
from generator.operations.clock import SYSTEM, Clock
from generator.operations.sessions.channel_options import channel_options
from generator.operations.sessions.host_shell import HostShell, host_shell
from generator.operations.sessions.service import SessionCalls

ECHOES = 10
PROBE = 256 << 10  # bytes of each rate probe


@dataclass(frozen=True)
class SelftestResult:
    """What was measured. Seconds, and bytes a second of the file's bytes (base64 takes a third more on the wire)."""

    target: str
    agent: str
    open_seconds: float
    echo_seconds: float
    down: float
    up: float
    reconnects: int
    resumed_whole: bool
    resent: int
    log: str


class Cuttable:
    """Opens websockets as usual and can close the one in use."""

    def __init__(self) -> None:
        self._connection: Connection | None = None

    async def __call__(self, url: str, headers: Mapping[str, str], options: ChannelOptions) -> Connection:
        """Open one."""
        self._connection = await connect_websocket(url, headers, options)
        return self._connection

    async def cut(self) -> None:
        """Close it."""
        if self._connection:
            await self._connection.close()


def selftest(gateway: Gateway, plan: ConnectPlan, say: Callable[[str], None], clock: Clock = SYSTEM) -> SelftestResult:
    """Open the planned shell session and measure it; return the figures. Raises what a session raises; the log of the
    frames exists even then."""
    path = _log_path(clock.now())
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    level = LOG.level
    LOG.addHandler(handler)
    LOG.setLevel(logging.DEBUG)
    try:
        return signals.run(_measure(gateway, plan, say, path, clock))
    finally:
        LOG.setLevel(level)
        LOG.removeHandler(handler)
        handler.close()
        say(f"The log of the frames, without their content, is in {path}")


async def _measure(
    gateway: Gateway, plan: ConnectPlan, say: Callable[[str], None], path: Path, clock: Clock
) -> SelftestResult:
    calls, connect = SessionCalls(gateway, plan.sessions[0].request, signed=plan.signed), Cuttable()
    began = clock.seconds()
    async with host_shell(calls, channel_options(gateway, plan.until), connect) as shell:
        opened = clock.seconds() - began
        say(f"The shell opened after {opened:.2f} s.")
        echo = await _echo(shell, clock)
        say(f"An answer takes {echo * 1000:.0f} ms.")
        down = await _timed(shell.read("/dev/zero", 0, PROBE), clock)
        up = await _timed(shell.write("/dev/null", 0, os.urandom(PROBE)), clock)
        say(f"{PROBE / down / 1024:.0f} KiB/s down, {PROBE / up / 1024:.0f} KiB/s up. Interrupting the connection.")
        whole = await _read_through_a_cut(shell, connect)
        stats = shell.channel.figures()
    return SelftestResult(
        plan.target.instance_id,
        stats.agent_version,
        opened,
        echo,
        PROBE / down,
        PROBE / up,
        stats.reconnects,
        whole,
        stats.resent,
        str(path),
    )


async def _echo(shell: HostShell, clock: Clock) -> float:
    taken = [await _timed(shell.ask(":"), clock) for _ in range(ECHOES)]
    return sorted(taken)[ECHOES // 2]


async def _read_through_a_cut(shell: HostShell, connect: Cuttable) -> bool:
    """Whether every byte comes although the socket is closed on the way."""
    reading = asyncio.create_task(shell.read("/dev/zero", 0, PROBE))
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(reading), 0.05)
    await connect.cut()
    answer = await reading
    await shell.ask(":")
    return answer == bytes(PROBE)


async def _timed(work: Awaitable[object], clock: Clock) -> float:
    began = clock.seconds()
    await work
    return clock.seconds() - began


def _log_path(now: datetime) -> Path:
    path = directories.private_state("logs") / f"selftest-{now:%Y%m%dT%H%M%S}.log"
    path.touch(mode=0o600)
    return path
