"""Run Command: a command for many instances, and each one's result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SHOWN_OUT, SHOWN_ERR = 24_000, 8_000  # characters GetCommandInvocation gives (API reference)
RUNNING = frozenset({"Pending", "InProgress", "Delayed", "Cancelling"})


@dataclass(frozen=True)
class HostResult:
    """The result of one host. `status` is Systems Manager's StatusDetails: Success, Failed, Terminated, Pending, …"""

    instance_id: str
    status: str
    exit_code: int | None = None
    out: str = ""
    err: str = ""
    seconds: float | None = None

    @property
    def finished(self) -> bool:
        """Whether its status is final."""
        return self.status not in RUNNING

    @property
    def succeeded(self) -> bool:
        """Whether the command exited with 0."""
        return self.status == "Success"

    @property
    def truncated(self) -> bool:
        """Whether there was more output than Systems Manager returns."""
        return len(self.out) >= SHOWN_OUT or len(self.err) >= SHOWN_ERR


@dataclass(frozen=True)
class CommandRequest:
    """A script, and where it runs: instance IDs, or tags that must all match. Times in seconds."""

    script: str
    instance_ids: tuple[str, ...] = ()
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    concurrency: str = "50"
    max_errors: str = "0"
    delivery: int = 60
    timeout: int = 3600
    reason: str = ""
    document: str = ""
    """Whose `commands` are run; "" for AWS-RunShellScript, or the engineers' where that may not be used."""

    @property
    def one_host(self) -> bool:
        """Whether it runs on one host that is known before."""
        return len(self.instance_ids) == 1 and not self.tags


@dataclass(frozen=True)
class HostProgress:
    """A host's result as it came, and whether it is the only host."""

    host: HostResult
    only: bool


@dataclass(frozen=True)
class RunReport:
    """What every host did, by instance ID, and the seconds it took in all."""

    command_id: str
    hosts: tuple[HostResult, ...]
    seconds: float
    one_host: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether the command succeeded on every host."""
        return all(host.succeeded for host in self.hosts)
