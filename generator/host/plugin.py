"""AWS's session-manager-plugin, if it is installed: where it is, its version, and running it.

Calling contract: github.com/aws/session-manager-plugin src/sessionmanagerplugin/session/session.go. The token goes by
the environment (since 1.2.536.0), never by an argument; the plugin's exit code is 0 whatever happened.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.errors import DeployerError
from generator.host import plugin_output, programs
from generator.model.plugin import OLDEST_PLUGIN, Plugin, dotted
from generator.model.session import SessionRequest, StartedSession

NAME = "session-manager-plugin"
VARIABLE = "AWS_SSM_START_SESSION_RESPONSE"
PLACES = ("/usr/local/sessionmanagerplugin/bin", "/usr/local/bin", "/opt/homebrew/bin")
OPENING = 60.0  # seconds for the plugin to listen: it prints nothing when its port is taken, and keeps running
LARGEST_READ = 65_536  # bytes
_VERSION = re.compile(r"\d+(?:\.\d+){3}")


@dataclass(frozen=True)
class PluginCall:
    """One session handed to the plugin. `profile` is "" for the environment's own credentials."""

    plugin: Plugin
    started: StartedSession
    request: SessionRequest
    region: str
    profile: str
    endpoint: str

    @property
    def argv(self) -> list[str]:
        """The arguments: nothing in them is secret."""
        request = json.dumps(self.request.as_call())
        return [str(self.plugin.path), VARIABLE, self.region, "StartSession", self.profile, request, self.endpoint]

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """The environment with the session in it."""
        started = self.started
        answer = {"SessionId": started.session_id, "TokenValue": started.token, "StreamUrl": started.stream_url}
        return {**base, VARIABLE: json.dumps(answer)}


def find_plugin() -> Plugin | None:
    """The plugin on PATH, or where its installers put it; None if there is none."""
    path = shutil.which(NAME) or shutil.which(NAME, path=os.pathsep.join(PLACES))
    if path is None:
        return None
    try:
        output = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        output = ""
    version = _VERSION.search(output)
    return Plugin(Path(path), tuple(int(part) for part in version.group().split(".")) if version else ())


def require_plugin() -> Plugin:
    """The plugin. Raises DeployerError if there is none (`plugin-missing`) or it is too old (`plugin-old`)."""
    plugin = find_plugin()
    if plugin is None:
        raise DeployerError(
            f"There is no {NAME} on this computer: looked in PATH and {', '.join(PLACES)}.",
            "Leave --client out: no plugin is needed.",
            code="plugin-missing",
        )
    if not plugin.usable:
        raise DeployerError(
            f"The {NAME} at {plugin.path} is {plugin.version_text}; the oldest that works is {dotted(OLDEST_PLUGIN)}.",
            "Update it, or leave --client out: no plugin is needed.",
            code="plugin-old",
        )
    return plugin


async def run_shell(call: PluginCall, stdout: int | None = None) -> None:
    """Give this terminal to the plugin until its session is over; keys typed meanwhile are the plugin's.

    Raises DeployerError when the plugin crashed: its exit code is 0 otherwise, a failed start included.
    """
    process = await asyncio.create_subprocess_exec(*call.argv, env=call.environment(os.environ), stdout=stdout)
    with programs.typed_signals_ignored():
        try:
            await process.wait()
        finally:
            await programs.end(process)
    if process.returncode:
        raise _failed(f"{NAME} crashed ({_exit_text(process)}).")


@dataclass(frozen=True)
class PluginTunnel:
    """A plugin whose local port listens. `over` ends with the plugin; its result is a sentence that says why."""

    process: Process
    over: asyncio.Task[str]

    async def close(self) -> None:
        """End the plugin: by an interrupt, the one signal after which it removes its socket from the temporary
        directory."""
        await programs.end(self.process, signal.SIGINT)
        await self.over


async def start_tunnel(call: PluginCall, say: Callable[[str], None]) -> PluginTunnel:
    """Start the plugin for a tunnel and wait until it listens; `say` gets what it prints beyond the routine.

    It is in a process group of its own, so that a typed interrupt does not reach it before its session is ended here.
    Raises DeployerError (`plugin-failed`), quoting it, when it ends or does not listen within OPENING seconds.
    """
    process = await asyncio.create_subprocess_exec(
        *call.argv,
        env=call.environment(os.environ),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    listening: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    words: list[str] = []
    tunnel = PluginTunnel(process, asyncio.create_task(_follow(process, listening, words, say)))
    try:
        waited_for: set[asyncio.Future[Any]] = {listening, tunnel.over}
        await asyncio.wait(waited_for, timeout=OPENING, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        await tunnel.close()
        raise
    if listening.done():
        return tunnel
    failure = f"ended before its tunnel was open ({await tunnel.over})" if tunnel.over.done() else "opened no port"
    await tunnel.close()
    raise _failed(f"{NAME} {failure}; it printed: {' '.join(words) or 'nothing'}")


async def _follow(
    process: Process, listening: asyncio.Future[None], words: list[str], say: Callable[[str], None]
) -> str:
    """Read everything the plugin prints, to its end, as a full pipe would stop it. Returns why it ended."""
    assert process.stdout
    lines, reason = plugin_output.Lines(), ""
    while True:
        data = await process.stdout.read(LARGEST_READ)
        for line in lines.feed(data) if data else lines.rest():
            if plugin_output.is_listening(line) and not listening.done():
                listening.set_result(None)
            if plugin_output.is_end(line):
                reason = line
            elif not plugin_output.is_routine(line):
                words.append(line)
                say(line)
        if not data:
            await process.wait()
            return reason or f"The plugin ended: {_exit_text(process)}."


def _exit_text(process: Process) -> str:
    code = process.returncode or 0
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def _failed(message: str) -> DeployerError:
    return DeployerError(message, "Try without it: leave --client out.", code="plugin-failed")
