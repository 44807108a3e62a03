"""The sandbox as the commands see it: start and stop it, and point this process at it and at nothing else."""

from __future__ import annotations

import os
from dataclasses import dataclass

from generator.errors import NotFound, UsageError
from generator.host.background_processes import spawn_detached
from generator.installation import has, install_command
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
    """Start the sandbox unless it is running already. Raises NotFound without its extra, else as `lifecycle.start`."""
    if not has("ministack"):
        raise NotFound(
            "The sandbox is an extra of this program, and it is not installed.",
            f"Install it with: {install_command('sandbox')}",
            code="sandbox-missing",
        )
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


@dataclass(frozen=True)
class SandboxEnvironment:
    """The variables that point AWS clients to the sandbox, and whether it runs the code of this version.

    `unset`: those that a shell which leaves the sandbox does without.
    """

    variables: dict[str, str]
    current: bool
    unset: tuple[str, ...] = ()


def find_environment(account: str = state.CUSTOMER_ACCOUNT) -> SandboxEnvironment:
    """The environment for clients that work as root of `account`.

    Raises NotFound when the sandbox is not running, UsageError for an invalid account ID.
    """
    running = _running()
    try:
        return SandboxEnvironment(state.environment(running, account), lifecycle.is_current(running))
    except ValueError:
        raise UsageError(
            f"{account} is not an account ID: an account ID has 12 digits.", "deployer sandbox env"
        ) from None


def for_shell(account: str = "", *, unset: bool = False) -> SandboxEnvironment:
    """What a shell sets to use the sandbox as root of `account`, or unsets to use it no longer.

    Raises as `find_environment`, and UsageError where there is nothing to unset.
    """
    if not unset:
        return find_environment(account or state.CUSTOMER_ACCOUNT)
    if names := state.set_here():
        return SandboxEnvironment({}, True, tuple(names))
    raise UsageError(
        "This shell does not point to the sandbox, so there is nothing to unset.",
        "Go on: deployer status",
        code="not-in-the-sandbox",
    )


def environment(account: str = state.CUSTOMER_ACCOUNT) -> dict[str, str]:
    """The variables alone. Raises as `find_environment`."""
    return find_environment(account).variables


def _running() -> state.SandboxState:
    running = lifecycle.status()
    if running is None:
        raise NotFound(NOT_RUNNING, "deployer sandbox start", code="sandbox-not-running")
    return running


def enter() -> bool:
    """Make this process and its children use the sandbox and nothing else; whether it runs the code of this version.

    Raises NotFound when it is not running.
    """
    running = _running()
    os.environ.update(state.environment(running))
    return lifecycle.is_current(running)


def _report(running: state.SandboxState) -> SandboxReport:
    return SandboxReport(True, running.endpoint, running.pid, running.home, lifecycle.is_current(running))
