"""AWS's session-manager-plugin, when it is installed: found, asked for its version, and run.

Calling contract: github.com/aws/session-manager-plugin src/sessionmanagerplugin/session/session.go. The token goes by
the environment (since 1.2.536.0), never by an argument; the plugin's exit code is 0 whatever happened.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
from asyncio import StreamReader
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.errors import DeployerError
from generator.host import run as programs
from generator.model.session import SessionRequest, StartedSession

NAME = "session-manager-plugin"
MINIMUM = (1, 2, 764, 0)  # the first that signs the channel's opening; AWS announced that older ones will stop working
VARIABLE = "AWS_SSM_START_SESSION_RESPONSE"
PLACES = ("/usr/local/sessionmanagerplugin/bin", "/usr/local/bin", "/opt/homebrew/bin")
READY = re.compile(r"Waiting for connections|Port \d+ opened")
_VERSION = re.compile(r"\d+(?:\.\d+){3}")


@dataclass(frozen=True)
class Plugin:
    """An installed plugin. `version` is () when it did not tell."""

    path: Path
    version: tuple[int, ...]

    @property
    def usable(self) -> bool:
        """Whether it is new enough."""
        return self.version >= MINIMUM

    @property
    def version_text(self) -> str:
        """The version with its dots."""
        return dotted(self.version) or "unknown"


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
    """The plugin on PATH, or where its installers put it; None when there is none."""
    found = shutil.which(NAME) or shutil.which(NAME, path=os.pathsep.join(PLACES))
    if found is None:
        return None
    try:
        told = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        told = ""
    version = _VERSION.search(told)
    return Plugin(Path(found), tuple(int(part) for part in version.group().split(".")) if version else ())


def require_plugin() -> Plugin:
    """The plugin, new enough. Raises DeployerError naming what is there and what is needed."""
    plugin = find_plugin()
    if plugin is None:
        raise DeployerError(
            f"There is no {NAME} on this computer: looked in PATH and {', '.join(PLACES)}.",
            "Leave --client out: no plugin is needed.",
            code="plugin-missing",
        )
    if not plugin.usable:
        raise DeployerError(
            f"The {NAME} at {plugin.path} is {plugin.version_text}; {dotted(MINIMUM)} is the oldest that will work.",
            "Update it, or leave --client out: no plugin is needed.",
            code="plugin-old",
        )
    return plugin


def dotted(version: tuple[int, ...]) -> str:
    """A version as people write it."""
    return ".".join(map(str, version))


async def run_shell(call: PluginCall, stdout: int | None = None) -> None:
    """Give this terminal to the plugin until its session is over; keys typed meanwhile are the plugin's."""
    process = await asyncio.create_subprocess_exec(*call.argv, env=call.environment(os.environ), stdout=stdout)
    with programs.typed_signals_ignored():
        try:
            await process.wait()
        finally:
            await programs.end(process)


async def start_tunnel(call: PluginCall, say: Callable[[str], None]) -> tuple[Process, asyncio.Task[None]]:
    """Start the plugin for a tunnel and wait until it listens. It is in a process group of its own, so that a typed
    interrupt does not reach it before its session is ended here. Raises DeployerError with its words when it ends.
    """
    process = await asyncio.create_subprocess_exec(
        *call.argv,
        env=call.environment(os.environ),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout
    words: list[str] = []
    try:
        while line := (await process.stdout.readline()).decode("utf-8", "replace"):
            words.append(line.strip())
            if READY.search(line):
                return process, asyncio.create_task(_relay(process.stdout, say))
    except asyncio.CancelledError:
        await programs.end(process)
        raise
    await programs.end(process)
    raise DeployerError(
        f"{NAME} ended before its tunnel was open: {' '.join(word for word in words if word) or 'it said nothing'}.",
        "Try without it: --client native",
        code="plugin-failed",
    )


async def _relay(stream: StreamReader, say: Callable[[str], None]) -> None:
    while line := (await stream.readline()).decode("utf-8", "replace").strip():
        say(line)
