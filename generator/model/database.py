"""Databases, access levels and logins: where a database is, and what a user may do in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from generator.model.arn import Arn

DEFAULT_LOCAL_PORT: Final = 56789
SUPPORT_DATABASE_USER: Final = "deepsql-support"
"""The vendor's support in a database: one user per access level, such as deepsql-support_r, not one per person."""
FULL_WRITE_ROLE: Final = "deepsql_write_full"
"""The database role of a person whose `w` is not limited to data: it may create schemas in the database as well."""
LOCKED_ROLE: Final = "deepsql_locked"
"""The database role of a locked user, in place of its access level's: it has no rights."""
TOKEN_SECONDS: Final = 900  # RDS user guide, "IAM database authentication": a token opens connections for 15 minutes


class Engine(StrEnum):
    """The database engines that the commands support."""

    POSTGRESQL = "postgresql"
    MYSQL = "mysql"

    @classmethod
    def of(cls, name: str) -> Engine | None:
        """From RDS's engine name (aurora-postgresql, postgres, aurora-mysql, mysql, mariadb); None for any other."""
        if "postgres" in name:
            return cls.POSTGRESQL
        return cls.MYSQL if "mysql" in name or name == "mariadb" else None

    @property
    def has_roles(self) -> bool:
        """Whether an access level is a role, which a user's membership shows."""
        return self is Engine.POSTGRESQL

    @property
    def default_port(self) -> int:
        """The engine's default port."""
        return 5432 if self is Engine.POSTGRESQL else 3306

    @property
    def name_limit(self) -> int:
        """The longest user name: 63 bytes in PostgreSQL (NAMEDATALEN), 32 characters in MySQL 8."""
        return 63 if self is Engine.POSTGRESQL else 32


class AccessLevel(StrEnum):
    """What a user may do in the database. The letter is the last of the user's name."""

    READ = "r"
    WRITE = "w"
    OPERATE = "o"

    @property
    def role(self) -> str:
        """The database role of which all users of this level are members."""
        return {"r": "deepsql_read", "w": "deepsql_write", "o": "deepsql_operate"}[self.value]

    @property
    def meaning(self) -> str:
        """What the level allows, as a phrase."""
        return {
            "r": "reads all data, changes none",
            "w": "reads and changes all data",
            "o": "sees and ends sessions, reads no data",
        }[self.value]


class ClientProgram(StrEnum):
    """The clients that `db connect` starts."""

    psql = "psql"
    mysql = "mysql"
    none = "none"

    @classmethod
    def of(cls, engine: Engine) -> ClientProgram:
        """The engine's own client."""
        return cls.psql if engine is Engine.POSTGRESQL else cls.mysql


class PrintFormat(StrEnum):
    """The forms in which `db connect --print` prints settings for a client."""

    DBEAVER = "dbeaver"
    JDBC = "jdbc"
    ENV = "env"
    PGPASS_ENTRY = "pgpass-entry"
    URI = "uri"


@dataclass(frozen=True)
class Database:
    """An Aurora cluster or an RDS instance. `endpoint` and `port` are what a token is signed for, never localhost.

    `resource_id` is the cluster-… or db-… ID that IAM policies name; empty if unknown. `master_secret` is the ARN of
    the secret in which RDS manages the master user's password, if it does.
    """

    name: str
    engine: Engine
    endpoint: str
    port: int
    resource_id: str = ""
    database: str = ""
    region: str = ""
    account: str = ""
    partition: str = "aws"
    iam_enabled: bool = True
    is_cluster: bool = False
    master_user: str = ""
    master_secret: str = ""

    @property
    def label(self) -> str:
        """One line for a list to choose from."""
        kind = "cluster" if self.is_cluster else "instance"
        return f"{self.name}  {self.engine}  {kind}  {self.endpoint}:{self.port}"

    def user_arn(self, user: str) -> str:
        """The ARN `rds-db:connect` is granted on (RDS user guide, "Creating and using an IAM policy")."""
        return self.arn("rds-db", f"dbuser:{self.resource_id or '*'}/{user}")

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource in the database's partition, region and account."""
        return str(Arn(self.partition, service, self.region, self.account, resource))


@dataclass(frozen=True)
class Login:
    """A database user, and the token that opens connections in place of a password until it expires."""

    database: Database
    user: str
    level: AccessLevel | None
    token: str = field(repr=False)
    seconds: int = TOKEN_SECONDS


@dataclass(frozen=True)
class Route:
    """How a client on this computer reaches the database: the address to dial, and the CA bundle to verify it with.

    `host` and `port` are the local end of the tunnel; `database` is the schema to open. MySQL's clients verify that
    local end with `local_certificate`, a PEM file, and it verifies the database with the CA bundle.
    """

    host: str
    port: int
    ca_bundle: str
    database: str
    local_certificate: str = ""


@dataclass(frozen=True)
class DatabaseUser:
    """A user with an access level, whether tokens are accepted for it, and how many sessions it has."""

    user: str
    role: str
    tokens: bool
    sessions: int


@dataclass(frozen=True)
class Permission:
    """A user the caller could be, and what IAM says: allowed, denied, or unknown if IAM cannot be asked."""

    user: str
    level: AccessLevel
    permission: str
    meaning: str


@dataclass(frozen=True)
class DatabaseSession:
    """A session of the database as `db activity` shows it. `blocked_by` are the sessions whose locks it waits for.

    `seconds` is the age of the running statement (of the open transaction when it is idle in one).
    """

    pid: int
    user: str
    application: str
    client: str
    state: str
    wait: str
    seconds: float
    query: str
    blocked_by: tuple[int, ...] = ()
    database: str = ""


@dataclass(frozen=True)
class BlockedSession:
    """A session, and the sessions that wait for it."""

    session: DatabaseSession
    waiting: tuple[BlockedSession, ...] = ()


@dataclass(frozen=True)
class Activity:
    """The sessions of a database, the longest first, and the trees of those that block others.

    `only_own`: the access level in use shows a user's own sessions alone.
    """

    sessions: tuple[DatabaseSession, ...]
    blocking: tuple[BlockedSession, ...] = ()
    only_own: bool = False
