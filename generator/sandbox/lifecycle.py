"""The sandbox's one process: start it, stop it, ask for its state. Nothing here loads MiniStack."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

from generator.errors import DeployerError
from generator.model.database import Engine
from generator.sandbox import state as record
from generator.sandbox.root_keys import control_token
from generator.sandbox.state import SandboxState
from generator.sandbox.version import fingerprint

Spawn = Callable[[str, Sequence[str], Mapping[str, str], Path], int]
"""spawn(module, words, environment, log file) starts a module of this package by itself; gives its process id."""

START_SECONDS = 30.0  # on a loaded machine; an idle one needs about one
STOP_SECONDS = 15.0
LOOPBACK = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def start(port: int | None, spawn: Spawn) -> SandboxState:
    """Start the sandbox and return when it answers; one that is running already is returned as it is.

    `port` None: the last port when it is free, else any. Raises DeployerError when the sandbox runs on another port,
    when others could write to its folder, and when the process ended before it answered (the hint names the log).
    """
    if running := status():
        if port in (None, running.port):
            return running
        raise DeployerError(
            f"The sandbox is already running on port {running.port} (process {running.pid}).",
            "deployer sandbox stop",
            code="sandbox-running",
        )
    directory = record.make_home()
    environment = {**record.without_aws(os.environ), record.HOME_VARIABLE: str(directory)}
    words = [] if port is None else ["--port", str(port)]
    return _wait_for(spawn("generator.sandbox", words, environment, directory / "server.log"), directory)


def stop() -> bool:
    """Stop the sandbox and save its state; False when none was running. Raises DeployerError when it does not stop."""
    running = status()
    if running is None:
        record.forget(record.home())
        return False
    with suppress(OSError, urllib.error.URLError):
        control(running, "POST", "/_sandbox/stop")
    deadline = time.monotonic() + STOP_SECONDS
    while _alive(running.pid) and not _is_free(Path(running.home)):
        if time.monotonic() > deadline:
            raise DeployerError(f"The sandbox (process {running.pid}) does not stop.", f"kill {running.pid}")
        time.sleep(0.02)
    record.forget(record.home())
    return True


def status() -> SandboxState | None:
    """The running sandbox; None when the process is gone or something else listens on its port."""
    recorded = record.read(record.home())
    if recorded is None or not _alive(recorded.pid):
        return None  # without asking: who listens on its port by now may be anybody
    return recorded if _answer(recorded).get("pid") == recorded.pid else None


def is_current(running: SandboxState) -> bool:
    """Whether the process runs the code that is on the disk now; a process that does not report its code is older."""
    return _answer(running).get("code") == fingerprint()


def _answer(recorded: SandboxState) -> dict[str, object]:
    """The status that the process reports; empty when it is gone, or when another program has its port now."""
    try:
        answer = json.loads(control(recorded, "GET", "/_sandbox/status"))
    except (OSError, ValueError, HTTPException):
        return {}
    return answer if isinstance(answer, dict) else {}


def reset() -> None:
    """Delete everything in the sandbox, in every account, whether it is running or stopped."""
    if running := status():
        control(running, "POST", "/_sandbox/reset")
    else:
        for name in ("state", "hosts"):
            shutil.rmtree(record.home() / name, ignore_errors=True)


def fail_next(running: SandboxState, logical_id: str, action: str, reason: str = "") -> None:
    """Make the next `action` (create, update, delete, rollback) of a resource fail, once."""
    body = json.dumps({"logicalId": logical_id, "action": action, "reason": reason}).encode()
    control(running, "POST", "/_sandbox/fail", body)


def ssh_answer(instance_id: str) -> dict[str, object]:
    """What answers to SSH on an instance, as `SshAnswer`; empty when it cannot be asked."""
    recorded = record.read(record.home())
    if recorded is None:
        return {}
    try:
        answer = json.loads(control(recorded, "GET", f"/_sandbox/ssh/{instance_id}"))
    except (OSError, ValueError, HTTPException):
        return {}
    return answer if isinstance(answer, dict) else {}


def start_database(running: SandboxState, name: str, engine: Engine | None = None) -> dict[str, object]:
    """Start a real PostgreSQL or MySQL behind the cluster of that name, which is created when RDS has none.

    Without `engine`: the cluster's, and PostgreSQL for a new one. Returns name and endpoint. Raises DeployerError.
    """
    request = {"name": name} | ({"engine": str(engine)} if engine else {})
    try:
        answer = control(running, "PUT", "/_sandbox/database", json.dumps(request).encode(), 60)
    except urllib.error.HTTPError as error:
        why = json.loads(error.read() or b"{}").get("message", str(error))
        raise DeployerError(f"The sandbox cannot start a database {name}: {why}", "Choose another name.") from None
    database: dict[str, object] = json.loads(answer)
    return database


def _wait_for(pid: int, directory: Path) -> SandboxState:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if running := status():
            return running  # perhaps another start's, which was quicker
        if not _alive(pid):
            break
        time.sleep(0.02)
    if running := status():
        return running
    log = directory / "server.log"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    raise DeployerError(
        f"The sandbox did not start: {lines[-1] if lines else 'no output.'}",
        f"See {log}. To choose another port: deployer sandbox start --port PORT",
    )


def control(running: SandboxState, method: str, path: str, body: bytes | None = None, seconds: float = 10) -> bytes:
    """Call one of the sandbox's own endpoints, under /_sandbox/; returns its body. Raises OSError, HTTPError."""
    headers = {"Authorization": f"Bearer {control_token(running.secret)}"}
    request = urllib.request.Request(running.endpoint + path, body, headers, method=method)  # noqa: S310 - our own port
    with LOOPBACK.open(request, timeout=seconds) as answer:
        return bytes(answer.read())


def _is_free(directory: Path) -> bool:
    """Whether no sandbox has the directory. One that ended has it no more, also while nobody has asked how it ended.

    In a container whose first process asks seldom or never, such a process is there for seconds, or for good.
    """
    with suppress(FileNotFoundError), (directory / "lock").open("r+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _alive(pid: int) -> bool:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # a child of ours that ended is a zombie until someone asks
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):  # gone, or another user's by now
        return False
    return True
