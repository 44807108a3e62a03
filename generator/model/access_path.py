"""A path by which somebody may get in: what it is, who may use it, since when, until when, how it was seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from generator.model.reading import Reading


class PathKind(StrEnum):
    """What a path is, in AWS's words."""

    PASSWORD = "console password"  # noqa: S105 - the name of a kind
    SERVICE_CREDENTIAL = "service-specific credential"
    CERTIFICATE = "signing certificate"
    SSH_KEY = "SSH public key"
    MFA_DEVICE = "MFA device"
    GROUP = "group"
    POLICY = "policy"
    BOUNDARY = "permissions boundary"
    INSTANCE_PROFILE = "instance profile"
    KEY_GRANT = "grant on the key"
    ROLE = "role"
    CLUSTER = "EKS access entry"


@dataclass(frozen=True)
class AccessPath:
    """One path. `who` may use it (an ARN, or the name of user or role); `seen` is the API call that showed it.

    `detail` says more in words: whose it is, what it permits. `since` and `until` are UTC; None: not known, and no end.
    `remove` is the command that removes it. `opens` False: it gives nobody access by itself and is shown for
    information, such as an MFA device.
    """

    kind: PathKind
    name: str
    who: str
    seen: str
    remove: str = ""
    since: datetime | None = None
    until: datetime | None = None
    opens: bool = True
    detail: str = ""

    @property
    def label(self) -> str:
        """What it is, by its name, with what is known of it."""
        return f"{self.kind} {self.named}"

    @property
    def named(self) -> str:
        """Its name, with what is known of it."""
        return self.name + (f" ({self.detail})" if self.detail else "")

    def is_open(self, now: datetime) -> bool:
        """Whether somebody may get in by it at that time (UTC)."""
        return self.opens and (self.until is None or self.until > now)


PathReading = Reading[tuple[AccessPath, ...]]
"""What one question about paths gave."""


@dataclass(frozen=True)
class AccessPaths:
    """Every path that is neither an access key nor one of the stack's own policies, by what was asked about.

    `credentials` are the support user's besides access keys; `foreign_policies` what user and role may do by policies
    that the stack did not make; `boundaries` where the permissions boundary of user or role is not the stack's; `roles`
    other roles of the account that trust a principal of the grant, or the support user or role; `cluster` what
    whoever is on the instance reaches by its role.
    """

    credentials: tuple[PathReading, ...]
    groups: PathReading
    foreign_policies: tuple[PathReading, ...]
    boundaries: tuple[PathReading, ...]
    instance_profiles: PathReading
    key_grants: PathReading
    roles: PathReading
    cluster: PathReading

    @property
    def readings(self) -> tuple[PathReading, ...]:
        """Every question, in the order in which a person reads the answers."""
        many = (*self.credentials, self.groups, *self.foreign_policies, *self.boundaries)
        return (*many, self.instance_profiles, self.key_grants, self.roles, self.cluster)

    @property
    def seen(self) -> tuple[AccessPath, ...]:
        """Every path that was seen."""
        return tuple(path for reading in self.readings for path in reading.value or ())
