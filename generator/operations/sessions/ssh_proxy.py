"""ssh-proxy: the bytes of one SSH connection, carried by a session over standard input and output."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from generator.channel import signals
from generator.channel.blocking_calls import uncancelled
from generator.channel.channel import open_channel
from generator.channel.session import EndKind
from generator.channel.stdio import StdioResult, stdio
from generator.errors import AwsError, DeployerError
from generator.gateway.aws import Gateway
from generator.host.shared_key import shared_key, ssh_above
from generator.model.session import SessionRequest
from generator.operations.sessions import session_states
from generator.operations.sessions.channel_options import channel_options
from generator.operations.sessions.documents import in_order
from generator.operations.sessions.sandbox_ssh import INSTALL
from generator.operations.sessions.service import SessionCalls
from generator.operations.sessions.ssh import plan_ssh
from generator.operations.sessions.ssh_config import claim_key

GREETING = b"SSH-"  # RFC 4253 4.2: what a server's identification begins with; other lines may come before it
PERSISTENCE = 30.0  # seconds for which a server that hangs up before its greeting is called again
Say = Callable[[str], None]
SHORTEST_PAUSE, LONGEST_PAUSE = 0.25, 4.0  # seconds between two calls


@dataclass(frozen=True)
class ProxyResult:
    """The instance, and the exit code: that of a signal, or 0."""

    target: str
    exit_code: int = 0


def ssh_proxy(
    gateway: Gateway,
    request: SessionRequest,
    say: Say,
    *,
    others: Sequence[str] = (),
    signed: bool = True,
    key_user: str = "",
    report: Path | None = None,
) -> ProxyResult:
    """Carry standard input and output through a session, as ssh's ProxyCommand; return how it ended.

    A request without a document is for the stack's SSH document; else `others` are the documents to use, in order,
    where its own may not be used. `key_user` is the login for which
    `ssh_config.claim_key` had a key ready for this connection. `say` is given each line that the agent has for the
    user, once. A signal ends it without a word: ssh ends its proxy by
    one, and writes to the terminal itself. Raises DeployerError (`ssh-refused`) when no SSH server answered; that, and
    a refused session, is written to `report` for whoever started ssh.
    """
    if not request.document:
        request = plan_ssh(gateway, request.target, "", 22, request.reason, lambda targets: None).request
    elif others:
        request = in_order(request, others)
    calls = SessionCalls(gateway, request, signed=signed)
    key: AbstractAsyncContextManager[Callable[[], None]] = nullcontext(_no_key)
    if key_user:
        key = _claimed_key(gateway, request.target, key_user)
    try:
        with session_states.explained(gateway, (request.target,), assumed=request.otherwise is not None):
            signals.run(_carry(gateway, calls, key, say))
    except DeployerError as error:
        if error.code == "interrupted":
            return ProxyResult(request.target, error.exit_code)
        if report and no_server(error):
            report.write_text(error.message, encoding="utf-8")
        raise
    return ProxyResult(request.target)


def no_server(error: DeployerError) -> bool:
    """Whether no SSH server has said anything, and none can be reached by this caller: nothing listens, or AWS refuses
    the session. Not for a network failure or an agent that is offline: a shell session would fail as well."""
    refused = isinstance(error, AwsError) and (error.denied or error.aws_code == "InvalidDocument")
    return refused or error.code == "ssh-refused"


async def _carry(
    gateway: Gateway, calls: SessionCalls, key: AbstractAsyncContextManager[Callable[[], None]], say: Say
) -> None:
    async with key as renew_key:
        result = await _until_greeted(gateway, calls, renew_key, say)
    if result.end.kind is EndKind.REMOTE and not _greeted(result):
        reason = result.end.reason.strip().rstrip(".") or "the connection was closed before an SSH server answered"
        hint = INSTALL if gateway.only_sandbox else "Is sshd running on the instance? See: deployer doctor"
        raise DeployerError(f"The SSH connection could not be established: {reason}.", hint, code="ssh-refused")


async def _until_greeted(gateway: Gateway, calls: SessionCalls, renew_key: Callable[[], None], say: Say) -> StdioResult:
    """Carry one connection. A server that hangs up before it has greeted is called again: sshd does so at random while
    many have not logged in yet (sshd_config(5), MaxStartups)."""
    loop, first, pause = asyncio.get_running_loop(), b"", SHORTEST_PAUSE
    until, shown = loop.time() + PERSISTENCE, set[str]()
    while True:
        async with open_channel(calls, channel_options(gateway)) as channel:
            _show(channel.handshake.customer_message, shown, say)
            result = await stdio(channel, first=first)
        if not _hung_up_ungreeted(result) or loop.time() + pause > until:
            return result
        await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311 - jitter, no secret
        first, pause = result.first_sent, min(pause * 2, LONGEST_PAUSE)
        await asyncio.to_thread(renew_key)


def _show(message: str, shown: set[str], say: Say) -> None:
    """What the agent has to tell the user, unless it was `shown` before."""
    if message not in shown:
        shown.add(message)
        for line in message.splitlines():
            say(line)


def _hung_up_ungreeted(result: StdioResult) -> bool:
    """Whether the server closed the connection before its greeting, without the agent having a reason to name."""
    return result.end.kind is EndKind.REMOTE and not result.end.reason and not _greeted(result)


def _greeted(result: StdioResult) -> bool:
    return any(line.startswith(GREETING) for line in result.first_received.splitlines())


def _no_key() -> None:
    """There is no key of ours to renew."""


@asynccontextmanager
async def _claimed_key(gateway: Gateway, instance_id: str, user: str) -> AsyncIterator[Callable[[], None]]:
    """Release ssh's claim on the key of `ssh-config` after the block, which gets what pushes the key again."""
    key, owner = shared_key(instance_id, user), ssh_above()
    try:
        yield lambda: claim_key(gateway, instance_id, user)
    finally:
        await uncancelled(asyncio.to_thread(key.release, owner))
