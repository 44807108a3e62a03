"""A plan carried out by the built-in client: shells and tunnels over our own data channel."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from generator.channel import port
from generator.channel.channel import open_channel
from generator.channel.session import End, EndKind
from generator.channel.shell import shell
from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.model.connect import ConnectPlan, ConnectResult, PlannedSession, TunnelCaller, TunnelView
from generator.operations.clock import SYSTEM, Clock
from generator.operations.sessions.access_watch import while_access_lasts
from generator.operations.sessions.channel_options import channel_options
from generator.operations.sessions.connect_plan import listen_of
from generator.operations.sessions.run_beside import STDERR, run_beside
from generator.operations.sessions.service import SessionCalls

STDOUT = 1
TICK = 1.0  # seconds between two looks at the figures


async def run_session(gateway: Gateway, plan: ConnectPlan, caller: TunnelCaller, *, quiet: bool) -> ConnectResult:
    """Run the planned shell, or the planned tunnels, over our own data channel until they end."""
    if plan.is_shell:
        return await _shell(gateway, plan, caller, stdout=STDERR if quiet else STDOUT)
    return await _tunnels(gateway, plan, caller, quiet=quiet)


async def _shell(gateway: Gateway, plan: ConnectPlan, caller: TunnelCaller, stdout: int) -> ConnectResult:
    calls = SessionCalls(gateway, plan.sessions[0].request, signed=plan.signed)
    async with open_channel(calls, channel_options(gateway, plan.until)) as channel:
        _show_messages([channel.handshake.customer_message], caller)
        result = await while_access_lasts(gateway, plan.target.instance_id, shell(channel, stdout=stdout))
    return ConnectResult(
        plan.target.instance_id,
        "native",
        ended=result.end.reason,
        exit_code=result.exit_code or 0,
        not_ended=_not_ended(channel.stats.not_terminated),
    )


def _show_messages(messages: Sequence[str], caller: TunnelCaller) -> None:
    """What the agent has to tell the user, each message once: that a session is encrypted with KMS, for one."""
    for message in dict.fromkeys(messages):
        for line in message.splitlines():
            caller.say(line)


async def _tunnels(gateway: Gateway, plan: ConnectPlan, caller: TunnelCaller, *, quiet: bool) -> ConnectResult:
    wanted = [
        port.Forward(
            SessionCalls(gateway, session.request, signed=plan.signed),
            tuple(listen_of(each) for each in session.forwards),
            caller.accepted,
        )
        for session in plan.sessions
    ]
    async with port.forward(wanted, channel_options(gateway, plan.until)) as opened:
        _show_messages([tunnel.customer_message for tunnel in opened], caller)
        caller.opened(views(plan, opened))
        ticking = asyncio.create_task(_tick(plan, opened, caller))
        try:
            working = _while_open(plan, opened, quiet=quiet)
            code, ended = await while_access_lasts(gateway, plan.target.instance_id, working)
        finally:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)
            caller.tick(views(plan, opened))  # what happened since the last time
    return ConnectResult(
        plan.target.instance_id,
        "native",
        views(plan, opened),
        ended,
        code,
        tuple(name for tunnel in opened for name in _not_ended(tunnel.figures().not_terminated)),
    )


async def _while_open(plan: ConnectPlan, opened: Sequence[port.Tunnel], *, quiet: bool) -> tuple[int, str]:
    """Run the command, or wait for the last tunnel's end. The exit code, and why it ended."""
    if plan.command:
        ports = [each for tunnel in opened for each in tunnel.ports]
        return await run_beside(plan.command, ports, quiet=quiet), ""
    ends = await asyncio.gather(*(tunnel.wait() for tunnel in opened), return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException):
            raise end
    return 0, _reason([end for end in ends if isinstance(end, End)])


def _reason(ends: Sequence[End]) -> str:
    last = ends[-1]
    if last.kind is EndKind.ACCESS_ENDED:
        return last.reason
    raise DeployerError(
        f"The session was ended from the other side{': ' + last.reason.rstrip('.') if last.reason else ''}.",
        "Connect again; deployer sessions --past shows what happened.",
        code="session-ended",
    )


async def _tick(plan: ConnectPlan, opened: Sequence[port.Tunnel], caller: TunnelCaller) -> None:
    while True:
        await asyncio.sleep(TICK)
        caller.tick(views(plan, opened))


def views(plan: ConnectPlan, opened: Sequence[port.Tunnel]) -> tuple[TunnelView, ...]:
    """Every forward with the figures of the session it leads into."""
    return tuple(
        view for session, tunnel in zip(plan.sessions, opened, strict=True) for view in _view(plan, session, tunnel)
    )


def _view(plan: ConnectPlan, session: PlannedSession, tunnel: port.Tunnel, clock: Clock = SYSTEM) -> list[TunnelView]:
    stats, now = tunnel.figures(), asyncio.get_running_loop().time()
    rate = stats.rate(now)
    left = max((plan.until - clock.now()).total_seconds(), 0.0) if plan.until else None
    return [
        TunnelView(
            f"{forward.bind or 'localhost'}:{number}",
            forward.far_end,
            stats.sent,
            stats.received,
            rate,
            stats.connections,
            stats.connected,
            stats.reconnects,
            stats.sessions,
            stats.refused,
            left,
            stats.session_id,
        )
        for forward, number in zip(session.forwards, tunnel.ports, strict=True)
    ]


def _not_ended(session_id: str) -> tuple[str, ...]:
    return (session_id,) if session_id else ()
