"""A live session: its agent, what serves it, and the timeouts of its document."""

from __future__ import annotations

import asyncio
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from ministack.core.responses import request_scope

from generator.channel import payloads
from generator.channel.payloads import Processed
from generator.errors import DeployerError
from generator.sandbox.ec2 import instances
from generator.sandbox.movable_clock import CLOCK
from generator.sandbox.ssm import (
    encryption,
    nodes,
    ports,
    product_page,
    sessions,
    shell,
    ssh_server,
    targets,
    terminal,
)
from generator.sandbox.ssm.agent import Agent, AgentPlan
from generator.sandbox.ssm.nodes import Node
from generator.sandbox.ssm.session_log import SessionLog
from generator.sandbox.ssm.sessions import Session

IDLE_MINUTES = 20  # SSM's default
WATCH_SECONDS = 1.0
MUX_SINCE = (3, 0, 196, 0)  # agents after this version multiplex
NOTICE = "This session is served by the deployer sandbox."
Serve = Callable[[Agent], Awaitable[None]]


class Live:
    """The agent of one session, running until the session ends."""

    def __init__(self, session: Session, node: Node) -> None:
        self.session = session
        self.client_id = ""
        self._node = node
        self._log = SessionLog(session, node)
        plan = session.plan
        version = targets.agent_version(node.id, nodes.AGENT_VERSION)
        key = "" if plan["type"] == payloads.PORT else str(plan["inputs"].get("kmsKeyId") or "")
        properties = plan["properties"] or None
        self.agent = Agent(AgentPlan(plan["type"], properties, version, NOTICE, key, partial(self._open_key, key)))
        self._mux = tuple(int(part) for part in version.split(".")) > MUX_SINCE
        self._task = asyncio.create_task(self._run())

    def end(self, reason: str) -> None:
        """End the session from outside, with the reason for its client."""
        self.agent.finish(reason)

    async def _run(self) -> None:
        watching = asyncio.create_task(self._watch())
        try:
            with request_scope(self.session.account, self.session.region):
                fault = self._log.fault()
            if fault:
                self.agent.finish(fault)
            else:
                await self.agent.run(self._serving())
        finally:
            watching.cancel()
            LIVE.pop(self.session.id, None)
            sessions.end(self.session)

    async def _watch(self) -> None:
        inputs = self.session.plan["inputs"]
        idle = 60.0 * float(inputs.get("idleSessionTimeout") or IDLE_MINUTES)
        longest = 60.0 * float(inputs.get("maxSessionDuration") or "inf")
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if time.monotonic() - self.agent.last_data > idle:
                self.agent.finish("Session timed out: it was idle.")
            elif CLOCK.now() - self.session.started > longest:
                self.agent.finish("Session reached its maximum duration.")
            elif not self._runs():
                self.agent.finish(f"{self.session.target} is no longer running.")

    def _runs(self) -> bool:
        with request_scope(self.session.account, self.session.region):
            return instances.state_of(self.session.target) == "running"

    def _open_key(self, key: str, done: Processed, challenge: str) -> Any:
        with request_scope(self.session.account, self.session.region):
            return encryption.open_key(self._node, key, self.session.id, done, challenge)

    # What serves it

    def _serving(self) -> Serve:
        plan = self.session.plan
        if plan["type"] == payloads.PORT:
            forwarding = plan["properties"].get("type") == "LocalPortForwarding"
            carry = (ports.multiplexed if self._mux else ports.basic) if forwarding else ports.bare
            return partial(_on_port, carry, self._dial)
        return self._on_shell

    async def _on_shell(self, agent: Agent) -> None:
        plan, log = self.session.plan, self._log.line
        if plan["type"] == payloads.STANDARD_STREAM and targets.local_port(self._node.id, targets.SHELL):
            await ports.bare(agent, partial(_connect, self._node.id, targets.SHELL))
            return
        user = str(plan["inputs"].get("runAsDefaultUser") or "ssm-user")
        imitated = terminal.imitated(self._node.id, user, shell.install_log())
        script = str(((plan["properties"] or {}).get("linux") or {}).get("commands", ""))
        if plan["type"] == payloads.STANDARD_STREAM:
            await terminal.interactive(agent, imitated, log)
        else:
            apart = plan["type"] == payloads.NON_INTERACTIVE_COMMANDS
            await terminal.command(agent, imitated, script, log, apart=apart)

    async def _dial(self) -> tuple[StreamReader, StreamWriter]:
        properties = self.session.plan["properties"]
        port, host = str(properties["portNumber"]), str(properties.get("host") or "")
        local = targets.local_port(self._node.id, port, host)
        here = local is None and host in ("", "localhost")
        if here and port == ssh_server.PORT:
            return await ssh_server.connect(self._node.id)
        if here and port == product_page.UI_PORT:
            local = await product_page.port()
        if local is None:
            raise ConnectionRefusedError(111, f"the sandbox has nothing registered at {host or 'localhost'}:{port}")
        return await asyncio.open_connection("127.0.0.1", local)


LIVE: dict[str, Live] = {}


def live(session: Session) -> Live:
    """The running agent of a live session; started by the first connection. DeployerError when its node is gone."""
    if running := LIVE.get(session.id):
        return running
    with request_scope(session.account, session.region):
        node = nodes.find(session.target)
    if node is None or not node.online:
        raise DeployerError(f"{session.target} is not connected.", code="TargetNotConnected")
    LIVE[session.id] = Live(session, node)
    return LIVE[session.id]


def expect_opening(session: Session) -> None:
    """End a new session when nobody has opened its channel after the idle time."""

    def check() -> None:
        if session.id not in LIVE:
            sessions.end(session)

    asyncio.get_running_loop().call_later(60.0 * IDLE_MINUTES, check)


def end(session: Session, reason: str) -> None:
    """End the agent of a session that was ended over the API."""
    if running := LIVE.get(session.id):
        running.end(reason)


async def _connect(instance_id: str, port: str) -> tuple[StreamReader, StreamWriter]:
    local = targets.local_port(instance_id, port)
    return await asyncio.open_connection("127.0.0.1", local or 0)


async def _on_port(carry: Any, dial: ports.Dial, agent: Agent) -> None:
    await carry(agent, dial)
