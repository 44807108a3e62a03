"""The server process: settings, port, state on disk, event loop. MiniStack is imported here and not before."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from generator.errors import DeployerError
from generator.sandbox import state as record
from generator.sandbox.lifecycle import START_SECONDS, status
from generator.sandbox.state import SandboxState

if TYPE_CHECKING:
    from generator.sandbox.asgi import Sandbox

SAVE_SECONDS = 2.0  # what a killed sandbox may lose, or more where saving takes long: nothing is answered meanwhile
SAVE_SHARE = 0.05  # of the time, at the most
DEAD_SOCKET = "unix:///nonexistent/docker.sock"  # no container is ever started, no daemon ever asked


def serve(port: int | None) -> None:
    """Run the sandbox until SIGTERM, Ctrl-C or POST /_sandbox/stop; exits 1 when another one uses the directory."""
    os.umask(0o077)
    try:
        directory = record.make_home()
    except DeployerError as error:
        sys.exit(f"{error.message} {error.hint}")
    if not _lock(directory):
        sys.exit(f"Another sandbox is using {directory}.")
    listener = _listen(port, directory)
    bound = int(listener.getsockname()[1])
    (directory / "port").write_text(str(bound), encoding="utf-8")
    inherited = record.without_aws(os.environ)
    os.environ.clear()
    os.environ.update(inherited | _settings(bound, directory))
    try:
        asyncio.run(_run(listener, SandboxState(os.getpid(), bound, str(directory), secrets.token_hex(32))))
    finally:
        record.forget(directory)  # for a start that failed: a good end does not come here


def _lock(directory: Path) -> bool:
    """Lock the directory for the life of this process; False when another sandbox has it, once that one answers."""
    handle = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if status():
            return False
        time.sleep(0.05)
    return False


def _listen(port: int | None, directory: Path) -> socket.socket:
    """A socket on 127.0.0.1 at `port`; without one at the port of the last run if it is free, else at any."""
    candidates = [port] if port is not None else [*_last_port(directory), 0]
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for candidate in candidates:
        with suppress(OSError):
            listener.bind(("127.0.0.1", candidate))
            return listener
    sys.exit(f"Port {port} of 127.0.0.1 is in use by another program.")


def _last_port(directory: Path) -> list[int]:
    try:
        return [int((directory / "port").read_text(encoding="utf-8"))]
    except (OSError, ValueError):
        return []


def _settings(port: int, directory: Path) -> dict[str, str]:
    """MiniStack's settings: loopback only, policies enforced, state saved, no containers."""
    return {
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": record.CUSTOMER_ACCOUNT,
        "MINISTACK_REGION": record.REGION,
        "AWS_ACCESS_KEY_ID": record.CUSTOMER_ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": secrets.token_hex(32),  # not used: the authenticator has the real keys
        "AWS_EC2_METADATA_DISABLED": "true",
        "AUTH": "true",
        "LAMBDA_EXECUTOR": "local",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(directory / "state"),
        "S3_DATA_DIR": str(directory / "state" / "s3"),
        "S3_PERSIST": "1",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": DEAD_SOCKET,
        "LOG_LEVEL": "WARNING",  # MiniStack's INFO lines carry request details
        "NO_PROXY": "*",
    }


async def _run(listener: socket.socket, state: SandboxState) -> None:
    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config

    from generator.sandbox import asgi

    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.loglevel = "WARNING"
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.2  # functions that have run keep their connections to us open
    sandbox = asgi.build(state.secret)
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, sandbox.stopping.set)

    async def announce() -> None:
        record.write(state)

    sandbox.startup.append(announce)  # last of all: ready means ready
    saver = asyncio.create_task(_save_periodically(sandbox, state))
    await hypercorn_serve(sandbox, config, shutdown_trigger=sandbox.stopping.wait)
    saver.cancel()
    record.forget(Path(state.home))
    sys.stdout.flush()
    _leave()


async def _save_periodically(sandbox: Sandbox, state: SandboxState) -> None:
    """Save what changed; exit when the directory was removed or belongs to another sandbox: no client finds it."""
    pause = SAVE_SECONDS
    while True:
        await asyncio.sleep(pause)
        if record.read(Path(state.home)) != state:
            _leave()
        if sandbox.changed:
            sandbox.changed = False
            pause = pause_after(_seconds(lambda: sandbox.save(quick=True)))


def pause_after(seconds: float) -> float:
    """How long to wait after a save that took this long."""
    return max(SAVE_SECONDS, seconds / SAVE_SHARE)


def _seconds(act: Callable[[], None]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def _leave() -> NoReturn:
    """End at once: a stack operation in a thread of MiniStack's would hold an ordinary exit up.

    Functions that ran leave a directory with their code each; MiniStack removes it with their process.
    """
    from ministack.core import lambda_runtime

    lambda_runtime.reset()
    os._exit(0)
