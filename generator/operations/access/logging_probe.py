"""Logging before access, proven: a shell is opened by the stack's document, used, ended, and its transcript found."""

from __future__ import annotations

import asyncio
import contextlib

from generator.channel import wire
from generator.channel.channel import open_channel
from generator.channel.session import SessionGrant
from generator.errors import DeployerError, NotFound, Refused
from generator.gateway.aws import Gateway
from generator.model.contract import Output, Parameter
from generator.model.session import SessionRequest
from generator.model.up import Check
from generator.operations import polling
from generator.operations.access import stack_access
from generator.operations.access.stack_access import StackAccess
from generator.operations.clock import SYSTEM, Clock
from generator.operations.sessions.channel_options import channel_options
from generator.operations.sessions.service import SessionCalls

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


def require_transcript(gateway: Gateway, clock: Clock = SYSTEM) -> Check:
    """Open, use and end a shell as the caller, then look for what it said. Raises Refused when nothing was written.

    A caller that may not start sessions or read the log learns that it could not be tried, by the same error.
    """
    access = stack_access.read_access(gateway)
    try:
        session = asyncio.run(_used(gateway, access))
        written = _written(gateway, access, session, clock)
    except DeployerError as error:
        raise _refused(gateway, access, f"a shell could not be tried: {error.message.rstrip('.')}") from error
    if not written:
        raise _refused(gateway, access, f"the shell {session} left no transcript in {TRANSCRIPT_SECONDS:.0f} s")
    return Check("transcript of a shell", True, f"{session}, {written} lines")


async def _used(gateway: Gateway, access: StackAccess) -> str:
    shell_document = access.stack.outputs.get(Output.SHELL_DOCUMENT_NAME, "")
    calls = _Calls(gateway, SessionRequest(access.instance_id, shell_document, reason=MARK))
    async with open_channel(calls, channel_options(gateway)) as channel:
        await channel.write(f"echo {MARK}\n".encode())
        output = b""
        with contextlib.suppress(TimeoutError):  # what counts is what the log says
            async with asyncio.timeout(ANSWER_SECONDS):
                while MARK.encode() not in output and (received := await channel.receive()) is not None:
                    output += received.payload if received.type == wire.PayloadType.OUTPUT else b""
    return calls.session_id


def _written(gateway: Gateway, access: StackAccess, session: str, clock: Clock) -> int:
    group = access.stack.outputs.get(Output.SESSION_LOG_GROUP_NAME, "")

    def lines() -> int:
        try:
            return gateway.logs.count_events(group, session)
        except NotFound:
            return 0

    return next(filter(None, polling.looks(gateway, lines, TRANSCRIPT_SECONDS, clock)), 0)


def _refused(gateway: Gateway, access: StackAccess, why: str) -> Refused:
    """Whoever reads transcripts needs the key too (CloudWatch Logs user guide, "Encrypt log data")."""
    group = access.stack.outputs.get(Output.SESSION_LOG_GROUP_NAME, "")
    key = "the key of your log group" if access.stack.parameters.get(Parameter.LOG_GROUP) else access.key_arn
    return Refused(
        f"Support sessions on {access.stack.name} could not be shown to be logged: {why}.",
        f"Find out why: {gateway.commands.deployer('doctor')}\n"
        f"To read transcripts you need logs:GetLogEvents on {group} and kms:Decrypt on {key}.\n"
        "Or grant without the test: leave out --probe",
        code="unlogged",
    )
