"""Who has access: access keys, the secret, and the policies that decide, as AWS has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from generator.model.access_path import AccessPath
from generator.model.grant import Grant
from generator.model.policy import Policy, PolicyStatement
from generator.model.resource_state import BrokenResource
from generator.model.session import Session

OLD_KEY = timedelta(days=90)
TIME_TO_BE_USED = timedelta(days=1)


@dataclass(frozen=True)
class AccessKey:
    """An IAM user's access key: its id and status, never its secret. Statuses AWS adds count as unusable."""

    key_id: str
    user: str
    status: str
    created: datetime | None = None
    last_used: datetime | None = None
    last_service: str = ""

    @property
    def active(self) -> bool:
        """Whether the key can be used."""
        return self.status == "Active"

    def old(self, now: datetime) -> bool:
        """Whether it should have been rotated (90 days)."""
        return self.created is not None and now - self.created > OLD_KEY

    def idle(self, now: datetime, granted: datetime | None) -> bool:
        """Whether it could have been used for a day and never was; `granted` is when access was granted."""
        since = max((moment for moment in (self.created, granted) if moment is not None), default=now)
        return self.last_used is None and now - since > TIME_TO_BE_USED


@dataclass(frozen=True)
class UserCredential:
    """A credential of an IAM user that is no access key: its id, never its secret. `service` where it is for one."""

    credential_id: str
    created: datetime | None = None
    service: str = ""


@dataclass(frozen=True)
class KeyGrant:
    """A grant on a KMS key: what it permits whom, besides the key's policy."""

    grant_id: str
    grantee: str
    operations: tuple[str, ...] = ()
    created: datetime | None = None


@dataclass(frozen=True)
class FunctionUrl:
    """An address by which a function can be called over the internet.

    `signed`: only by callers whom IAM knows and permits it (AWS_IAM). `alias`: of the function it calls; "" for itself.
    """

    url: str
    signed: bool
    alias: str = ""


@dataclass(frozen=True)
class RuleTarget:
    """What a rule calls, and the template of the message that it sends there; "" where it has none."""

    arn: str
    message: str = ""


@dataclass(frozen=True)
class ScheduledRule:
    """A rule of EventBridge: whether it does anything, when (`rate(1 minute)`), and what it calls."""

    enabled: bool
    schedule: str
    targets: tuple[RuleTarget, ...] = ()


@dataclass(frozen=True)
class AccountRole:
    """A role of the account: who may assume it, and what it may do then.

    `policies` are its inline and its managed ones; one whose document AWS did not give has a problem that says so.
    `boundary`: its permissions boundary; None where it has none.
    """

    name: str
    arn: str
    trust: Policy
    created: datetime | None = None
    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None


@dataclass(frozen=True)
class Credentials:
    """A key pair, for one call after another; never shown."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


@dataclass(frozen=True)
class SecretInfo:
    """The secret without its value: versions by stage, rotation, the regions that have a replica."""

    arn: str
    name: str = ""
    kms_key_id: str = ""
    rotation_enabled: bool = False
    rotation_days: int = 0
    last_rotated: datetime | None = None
    next_rotation: datetime | None = None
    deleted: datetime | None = None
    replica_regions: tuple[str, ...] = ()
    stages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def version(self, stage: str) -> str:
        """The id of the version that carries a stage (AWSCURRENT, AWSPENDING, …); empty for none."""
        return next((version for version, stages in self.stages.items() if stage in stages), "")


@dataclass(frozen=True)
class Simulation:
    """What IAM's simulator says: allowed, explicitDeny or implicitDeny, and the policies that decided."""

    decision: str
    policies: tuple[str, ...] = ()


@dataclass(frozen=True)
class AccessFinding:
    """Something a careful person would look at: what it is, and the next step."""

    subject: str
    warning: str
    hint: str = ""


@dataclass(frozen=True)
class AccessPolicy:
    """One policy that decides about access, as AWS has it. `unreadable` is why it could not be read, else empty.

    `policy` is its name where a user or role has several: they count together.
    """

    name: str
    statements: tuple[PolicyStatement, ...] = ()
    unreadable: str = ""
    policy: str = ""


@dataclass(frozen=True)
class AccessState:
    """Everything `access show` knows, from the services themselves.

    `ends` are the ends in the policies (None: no end); there is one, unless they disagree.
    `changed` is when the stack was changed last, and so no earlier than the grant. `database` is who support is in
    which database (deepsql-support_r at HOST:PORT); empty where it may not sign in. `at` is when it was read. `paths`
    are those that the stack did not make; `unread` the questions about such that had no answer, with the reason.
    `broken`: what somebody has disabled or deleted of the resources that access goes through.
    """

    stack_name: str
    region: str
    account: str
    instance_id: str
    grant: Grant
    support_user: str = ""
    database: str = ""
    secret_arn: str = ""
    key_arn: str = ""
    policies: tuple[AccessPolicy, ...] = ()
    keys: tuple[AccessKey, ...] = ()
    sessions: tuple[Session, ...] = ()
    ends: tuple[datetime | None, ...] = ()
    changed: datetime | None = None
    paths: tuple[AccessPath, ...] = ()
    unread: tuple[str, ...] = ()
    findings: tuple[AccessFinding, ...] = ()
    broken: tuple[BrokenResource, ...] = ()
    at: datetime | None = None


@dataclass(frozen=True)
class VendorInstructions:
    """What the vendor needs, ready to send: nothing in it is secret. `sessions`: when open ones end."""

    region: str
    account: str
    secret_arn: str
    key_arn: str
    instance_id: str
    until: str
    reason: str
    principals: tuple[str, ...]
    identity_policy: Mapping[str, object] = field(default_factory=dict)
    role_arn: str = ""
    external_id: str = ""
    database: str = ""
    sessions: str = ""
