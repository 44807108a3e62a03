"""The sandbox as the commands see it: start and stop it, and point this process at it and at nothing else."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from generator.errors import NotFound, UsageError
from generator.host.process import spawn_detached
from generator.model.database import Engine
from generator.sandbox import lifecycle, state

NOT_RUNNING = "The sandbox is not running."
OLDER = (
    "note: The running sandbox was started from another version of this tool and may lack what this one needs.",
    "  next: deployer sandbox stop && deployer sandbox start   (its stacks stay; its databases are lost)",
)


@dataclass(frozen=True)
class SandboxReport:
    """Whether the sandbox is running, and where."""

    running: bool
    endpoint: str = ""
    pid: int = 0
    home: str = ""
    current: bool = True
    """Whether it runs the code of this version; a process of another version may lack what this one needs."""


def start(port: int | None = None) -> SandboxReport:
    """Start the sandbox unless it is running already. Raises DeployerError as `lifecycle.start`."""
    return _report(lifecycle.start(port, spawn_detached))


def stop() -> bool:
    """Stop the sandbox and save its state. False when it was not running."""
    return lifecycle.stop()


def status() -> SandboxReport:
    """Whether the sandbox is running, and where."""
    running = lifecycle.status()
    return _report(running) if running else SandboxReport(running=False, home=str(state.home()))


def reset() -> None:
    """Delete everything in the sandbox, running or not."""
    lifecycle.reset()


def database(name: str, engine: Engine | None = None) -> dict[str, object]:
    """Start a real PostgreSQL or MySQL behind a cluster of the sandbox; returns its name and endpoint.

    Raises NotFound when the sandbox is not running.
    """
    return lifecycle.start_database(_running(), name, engine)


def environment(account: str = state.CUSTOMER_ACCOUNT) -> dict[str, str]:
    """The environment variables that point AWS clients to the sandbox, as root of `account`.

    Raises NotFound when it is not running, UsageError for an invalid account ID.
    """
    running = _running()
    try:
        return state.environment(running, account)
    except ValueError:
        raise UsageError(
            f"{account} is not an account ID: an account ID has 12 digits.", "deployer sandbox env"
        ) from None


def _running() -> state.SandboxState:
    running = lifecycle.status()
    if running is None:
        raise NotFound(NOT_RUNNING, "deployer sandbox start", code="sandbox-not-running")
    return running


def export_lines(values: Mapping[str, str]) -> list[str]:
    """`export NAME=value` lines for eval."""
    return [f"export {name}={shlex.quote(value)}" for name, value in values.items()]


def enter() -> bool:
    """Make this process and its children use the sandbox and nothing else; whether it runs the code of this version.

    Raises NotFound when it is not running.
    """
    running = _running()
    os.environ.update(state.environment(running))
    return lifecycle.is_current(running)


def _report(running: state.SandboxState) -> SandboxReport:
    return SandboxReport(True, running.endpoint, running.pid, running.home, lifecycle.is_current(running))
