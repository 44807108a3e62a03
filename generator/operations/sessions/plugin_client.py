"""A plan carried out by AWS's plugin: the session is started and ended here, the plugin carries its bytes."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from generator.channel.blocking_calls import start_session, uncancelled
from generator.channel.channel import ACCESS_ENDED
from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.host import plugin
from generator.model.connect import ConnectPlan, ConnectResult, TunnelCaller, TunnelView
from generator.model.forward import ForwardSpec
from generator.model.session import SessionRequest, StartedSession
from generator.operations.clock import SYSTEM, Clock
from generator.operations.sessions.access_watch import while_access_lasts
from generator.operations.sessions.run_beside import STDERR, run_beside
from generator.operations.sessions.service import SessionCalls


async def run_session(gateway: Gateway, plan: ConnectPlan, caller: TunnelCaller, *, quiet: bool) -> ConnectResult:
    """Run the plugin, once a session, until it ends; terminate every session afterwards."""
    not_ended: list[str] = []
    tunnels: tuple[TunnelView, ...] = ()
    async with AsyncExitStack() as stack:
        calls = [await _session(gateway, plan, session.request, stack, not_ended) for session in plan.sessions]
        where = plan.target.instance_id
        if plan.is_shell:
            await while_access_lasts(gateway, where, plugin.run_shell(calls[0], stdout=STDERR if quiet else None))
            code, ended = 0, ""
        else:
            code, ended, tunnels = await while_access_lasts(gateway, where, _tunnels(plan, calls, caller, quiet=quiet))
    return ConnectResult(plan.target.instance_id, "plugin", tunnels, ended, code, tuple(not_ended))


async def _session(
    gateway: Gateway, plan: ConnectPlan, request: SessionRequest, stack: AsyncExitStack, not_ended: list[str]
) -> plugin.PluginCall:
    """Start a session that ends with `stack`."""
    calls = SessionCalls(gateway, request)
    grant = await start_session(calls)
    stack.push_async_callback(_terminate, calls, grant.session_id, not_ended)
    assert plan.plugin
    return plugin.PluginCall(
        plan.plugin,
        StartedSession(grant.session_id, grant.stream_url, grant.token),
        calls.request,
        gateway.region,
        gateway.deployment.profile or "",
        gateway.ssm.endpoint,
    )


async def _terminate(calls: SessionCalls, session_id: str, not_ended: list[str]) -> None:
    try:
        await uncancelled(asyncio.to_thread(calls.terminate, session_id))
    except (DeployerError, OSError):
        not_ended.append(session_id)


async def _tunnels(
    plan: ConnectPlan, calls: list[plugin.PluginCall], caller: TunnelCaller, *, quiet: bool
) -> tuple[int, str, tuple[TunnelView, ...]]:
    """The exit code, why the tunnels ended, and each with its local port."""
    async with AsyncExitStack() as stack:
        opened = []
        for call in calls:
            opened.append(await plugin.start_tunnel(call, caller.say))
            stack.push_async_callback(opened[-1].close)
        views = tuple(_view(session.forwards[0], call) for session, call in zip(plan.sessions, calls, strict=True))
        caller.opened(views)
        if plan.command:
            ports = [session.forwards[0].local_port for session in plan.sessions]
            return await run_beside(plan.command, ports, quiet=quiet), "", views
        over, _ = await asyncio.wait(
            [tunnel.over for tunnel in opened], timeout=_left(plan), return_when=asyncio.FIRST_COMPLETED
        )
        if over:
            raise DeployerError(
                f"The plugin's tunnel ended: {over.pop().result()}",
                "Connect again; deployer sessions --past shows what happened.",
                code="session-ended",
            )
        return 0, ACCESS_ENDED.reason, views


def _view(forward: ForwardSpec, call: plugin.PluginCall) -> TunnelView:
    return TunnelView(f"localhost:{forward.local_port}", forward.far_end, session_id=call.started.session_id)


def _left(plan: ConnectPlan, clock: Clock = SYSTEM) -> float | None:
    """Seconds until the plan's end."""
    return max((plan.until - clock.now()).total_seconds(), 0.0) if plan.until else None
