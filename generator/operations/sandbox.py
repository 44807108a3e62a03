"""The embedded AWS as the commands see it: its life, and entering it so that nothing else can be reached."""

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
    "note: The sandbox that runs was started from other code than this deployer's and may lack what it needs.",
    "  next: deployer sandbox stop && deployer sandbox start   (its stacks stay; a database in it ends)",
)


@dataclass(frozen=True)
class SandboxReport:
    """Whether the sandbox runs, and where."""

    running: bool
    endpoint: str = ""
    pid: int = 0
    home: str = ""
    current: bool = True
    """Whether it runs the code of this version; an older process lacks what came since."""


def start(port: int | None = None) -> SandboxReport:
    """Start it, or find it running."""
    return _report(lifecycle.start(port, spawn_detached))


def stop() -> bool:
    """Stop it, its state kept. False when it was not running."""
    return lifecycle.stop()


def status() -> SandboxReport:
    """Whether it runs, and where."""
    running = lifecycle.status()
    return _report(running) if running else SandboxReport(running=False, home=str(state.home()))


def reset() -> None:
    """Empty it."""
    lifecycle.reset()


def database(name: str, engine: Engine | None = None) -> dict[str, object]:
    """Start a real PostgreSQL or MySQL behind a cluster of the sandbox. Raises NotFound when the sandbox is down."""
    return lifecycle.start_database(_running(), name, engine)


def environment(account: str = state.CUSTOMER_ACCOUNT) -> dict[str, str]:
    """The variables that lead AWS clients to the sandbox, as root of `account`.

    Raises NotFound if it is down, UsageError for what is no account id.
    """
    running = _running()
    try:
        return state.environment(running, account)
    except ValueError:
        raise UsageError(f"{account} is no account id: 12 digits.", "deployer sandbox env") from None


def _running() -> state.SandboxState:
    running = lifecycle.status()
    if running is None:
        raise NotFound(NOT_RUNNING, "Start it with: deployer sandbox start", code="sandbox-not-running")
    return running


def export_lines(values: Mapping[str, str]) -> list[str]:
    """`export NAME=value` lines for eval."""
    return [f"export {name}={shlex.quote(value)}" for name, value in values.items()]


def enter() -> bool:
    """Make this process, and what it starts, use the sandbox and nothing else; whether that one is of this version.

    Raises NotFound when it is down.
    """
    running = _running()
    os.environ.update(state.environment(running))
    return lifecycle.is_current(running)


def _report(running: state.SandboxState) -> SandboxReport:
    return SandboxReport(True, running.endpoint, running.pid, running.home, lifecycle.is_current(running))
