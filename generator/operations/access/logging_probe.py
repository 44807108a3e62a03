"""Logging before access, proven: a shell is opened by the stack's document, used, ended, and its transcript found."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

from generator.channel import wire
from generator.channel.channel import open_channel
from generator.channel.session import ChannelOptions, SessionGrant
from generator.errors import DeployerError, NotFound, Refused
from generator.gateway.aws import Gateway
from generator.model.contract import Output
from generator.model.plan import Check
from generator.model.session import SessionRequest
from generator.operations import polling
from generator.operations.access import stack_access
from generator.operations.access.stack_access import Record
from generator.operations.polling import Clock
from generator.operations.sessions.service import SessionCalls

Sleep = Callable[[float], None]
MARK = "probe-of-the-session-log"
ANSWER_SECONDS = 20.0
TRANSCRIPT_SECONDS = 60.0
"""How long the agent may take until the transcript is there: it streams every few seconds."""


class _Calls(SessionCalls):
    """Remembers the id of the session, which names its log stream."""

    session_id = ""

    def start(self) -> SessionGrant:
        started = super().start()
        self.session_id = started.session_id
        return started


def require_transcript(gateway: Gateway, sleep: Sleep = time.sleep) -> Check:
    """Open, use and end a shell as the caller, then look for what it said. Raises Refused when nothing was written.

    A caller that may not start sessions or read the log learns that it could not be tried, by the same error.
    """
    found = stack_access.read_record(gateway)
    try:
        session = asyncio.run(_used(gateway, found))
        written = _written(gateway, found, session, sleep)
    except DeployerError as error:
        raise _refused(found, f"a shell could not be tried: {error.message.rstrip('.')}") from error
    if not written:
        raise _refused(found, f"the shell {session} left no transcript in {TRANSCRIPT_SECONDS:.0f} s")
    return Check("transcript of a shell", True, f"{session}, {written} lines")


async def _used(gateway: Gateway, found: Record) -> str:
    shell_document = found.stack.outputs.get(Output.SHELL_DOCUMENT_NAME, "")
    calls = _Calls(gateway, SessionRequest(found.instance_id, shell_document, reason=MARK))
    async with open_channel(calls, ChannelOptions()) as channel:
        await channel.write(f"echo {MARK}\n".encode())
        heard = b""
        with contextlib.suppress(TimeoutError):  # what counts is what the log says
            async with asyncio.timeout(ANSWER_SECONDS):
                while MARK.encode() not in heard and (received := await channel.receive()) is not None:
                    heard += received.payload if received.type == wire.PayloadType.OUTPUT else b""
    return calls.session_id


def _written(gateway: Gateway, found: Record, session: str, sleep: Sleep) -> int:
    group = found.stack.outputs.get(Output.SESSION_LOG_GROUP_NAME, "")

    def lines() -> int:
        try:
            return gateway.logs.count_events(group, session)
        except NotFound:
            return 0

    return next(filter(None, polling.looks(gateway, lines, TRANSCRIPT_SECONDS, Clock(sleep))), 0)


def _refused(found: Record, why: str) -> Refused:
    return Refused(
        f"Support sessions on {found.stack.name} are not seen to be logged: {why}.",
        "Find out why: deployer doctor; or grant without trying it: leave --probe out",
        code="unlogged",
    )
