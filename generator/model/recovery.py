"""The recovery group: how many hosts it is to have, and those it has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RecoveryHost:
    """One host: its id, how far Auto Scaling has it (Pending, InService, Terminating), and its agent's ping."""

    instance_id: str
    lifecycle: str
    ping: str = ""

    @property
    def online(self) -> bool:
        """Whether sessions can be opened on it."""
        return self.ping == "Online" and self.lifecycle == "InService"


@dataclass(frozen=True)
class RecoveryGroup:
    """The group by its name in AWS, the size it is to have (0 or 1), and its hosts."""

    name: str
    desired: int
    hosts: tuple[RecoveryHost, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether there is a host, and each takes sessions."""
        return bool(self.hosts) and all(host.online for host in self.hosts)


@dataclass(frozen=True)
class RecoveryChoice:
    """A way of AWS's to the instance that does not need Session Manager, for the customer to make and to remove.

    `opens` says for whom, `needs` what must be there before. `make`, `use` and `remove` are commands in order; none of
    them is run here.
    """

    name: str
    opens: str
    needs: str
    make: tuple[str, ...]
    use: tuple[str, ...]
    remove: tuple[str, ...]


@dataclass(frozen=True)
class RecoveryChoices:
    """What there is on the day on which Session Manager itself does not answer."""

    instance_id: str
    choices: tuple[RecoveryChoice, ...]
