"""A path by which somebody may get in: what it is, who may use it, since when, until when, how it was seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from generator.model.policy import Policy
from generator.model.reading import Reading


class PathKind(StrEnum):
    """What a path is, in AWS's words."""

    ACCESS_KEY = "access key"
    SECRET = "policy of the secret"  # noqa: S105 - the name of a kind
    REPLICA = "replica of the secret in"
    KEY = "policy of the key"
    TRUST = "trust of the support role"
    SESSION = "open session"
    DATABASE_USER = "database user"
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
    KEEPER = "policy of the keeper"
    FUNCTION_URL = "function URL of the keeper"


@dataclass(frozen=True)
class AccessPath:
    """One path. `who` may use it (an ARN, or the name of user or role); `seen` is the API call that showed it.

    `detail` says more in words: whose it is, what it permits. `since` and `until` are UTC; None: not known, and no end.
    `remove` is the command that removes it. `opens` False: it gives nobody access by itself and is shown for
    information, such as an MFA device. `by_stack`: it is what a grant opens and an end closes, not put there by hand.
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
    by_stack: bool = False

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
    """Every path there is, by what was asked about.

    The first are what a grant opens: the support user's `access_keys`, who is let in by the policies of `secret`, `key`
    and by the role's `trust`, `sessions` of support that are open, support's user in the `database`.
    `replicas` are the secret's in other regions;
    `credentials` are the support user's besides access keys; `foreign_policies` what user and role may do by policies
    that the stack did not make; `boundaries` where the permissions boundary of user or role is not the stack's; `roles`
    other roles of the account that let somebody in from outside, or the support user or role; `cluster` what whoever is
    on the instance reaches by its role; `keeper` who may invoke the stack's function.
    `session_policy` is no path: it is the boundary in force, by which temporary credentials that were made earlier are
    refused.
    """

    access_keys: PathReading
    secret: PathReading
    replicas: PathReading
    key: PathReading
    trust: PathReading
    sessions: PathReading
    database: PathReading
    credentials: tuple[PathReading, ...]
    groups: PathReading
    foreign_policies: tuple[PathReading, ...]
    boundaries: tuple[PathReading, ...]
    instance_profiles: PathReading
    key_grants: PathReading
    roles: PathReading
    cluster: PathReading
    keeper: PathReading
    session_policy: Reading[Policy]

    @property
    def readings(self) -> tuple[PathReading, ...]:
        """Every question, in the order in which a person reads the answers."""
        opened = (self.access_keys, self.secret, self.key, self.trust, self.sessions, self.database)
        many = (*opened, self.replicas, *self.credentials, self.groups, *self.foreign_policies, *self.boundaries)
        return (*many, self.instance_profiles, self.key_grants, self.roles, self.cluster, self.keeper)

    @property
    def seen(self) -> tuple[AccessPath, ...]:
        """Every path that was seen."""
        return tuple(path for reading in self.readings for path in reading.value or ())


@dataclass(frozen=True)
class OtherPaths:
    """What lets somebody in besides the grant of the stack, and the questions about such that had no answer, with why.

    No grant opened these, so no end of a grant closes them.
    """

    paths: tuple[AccessPath, ...] = ()
    unread: tuple[str, ...] = ()
