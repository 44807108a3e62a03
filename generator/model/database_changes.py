"""Changes to a database's users and sessions: what each would do, and what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generator.model.database import SUPPORT_DATABASE_USER, AccessLevel, Database, DatabaseSession, DatabaseUser

SUPPORT_USERS = tuple(f"{SUPPORT_DATABASE_USER}_{level.value}" for level in AccessLevel)
"""The vendor's users, one per access level; all other users belong to the customer's people."""


@dataclass(frozen=True)
class SqlScript:
    """A script to run by hand, in place of a change."""

    sql: str


@dataclass(frozen=True)
class BootstrapPlan:
    """The users (name to access level) to create in a database, and the script that does it."""

    database: Database
    users: Mapping[str, AccessLevel]
    sql: str


@dataclass(frozen=True)
class BootstrapResult:
    """The database's name, and the users that can sign in with a token now."""

    database: str
    users: Mapping[str, AccessLevel]


@dataclass(frozen=True)
class DropUserPlan:
    """The user to drop, and the script that does it."""

    database: Database
    user: str
    sql: str


@dataclass(frozen=True)
class DropUserResult:
    """The database's name, and the user that was dropped."""

    database: str
    user: str


@dataclass(frozen=True)
class ShutOutPlan:
    """Whose access to a database is to be revoked: the users named, or with none all that have an access level."""

    database: Database
    users: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShutOut:
    """What happened to the users. `problem` says why nothing could be done; it is empty otherwise.

    `ended` are the users, `sessions` the number of sessions they had. `others` are users with an access level
    that keep it. `left` are users that afterwards still have a session or may open one.
    """

    database: str
    ended: tuple[str, ...] = ()
    sessions: int = 0
    others: tuple[str, ...] = ()
    left: tuple[DatabaseUser, ...] = ()
    problem: str = ""
    hint: str = ""

    @property
    def holds(self) -> bool:
        """Whether none of the users has a session or may open one."""
        return not self.problem and not self.left


@dataclass(frozen=True)
class EndSessionPlan:
    """The session to end, and the database's name."""

    session: DatabaseSession
    database: str


@dataclass(frozen=True)
class EndSessionResult:
    """The session's PID, and whether it was ended; False if it had already ended."""

    pid: int
    ended: bool
