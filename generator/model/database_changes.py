"""Changes to a database's users and sessions: what each would do, and what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from generator.model.database import (
    SUPPORT_DATABASE_USER,
    AccessLevel,
    Database,
    DatabaseSession,
    DatabaseUser,
    Engine,
)

SUPPORT_USERS = tuple(f"{SUPPORT_DATABASE_USER}_{level.value}" for level in AccessLevel)
"""The vendor's users, one per access level; all other users belong to the customer's people."""


@dataclass(frozen=True)
class SqlScript:
    """A script to run by hand, in place of a change."""

    sql: str


@dataclass(frozen=True)
class BootstrapPlan:
    """The users (name to access level) to create in a database, and the script that does it.

    `full`: those whose `w` is not limited to data.
    """

    database: Database
    users: Mapping[str, AccessLevel]
    sql: str
    full: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True)
class BootstrapResult:
    """The database's name, and the users that can sign in with a token now; `full` as in the plan."""

    database: str
    users: Mapping[str, AccessLevel]
    full: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True)
class ListedUsersPlan:
    """A list of people held against a database: users to make or to change (`changed` are there in another form), those
    that are `as_listed`, those to drop with what they have `owned`, those that are `locked` and stay so until somebody
    names them, and `others`, which the list does not name and which stay."""

    database: Database
    made: Mapping[str, AccessLevel]
    full: frozenset[str]
    changed: tuple[str, ...] = ()
    as_listed: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    owned: tuple[OwnedObject, ...] = ()
    locked: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.made or self.dropped)


@dataclass(frozen=True)
class ListedUsersResult:
    """The database's name, who was made or changed, who was dropped, who else is there, who stays locked."""

    database: str
    made: Mapping[str, AccessLevel]
    dropped: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()


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
class OwnedObject:
    """Something in a database that a user owns, as the database describes it.

    `runs_as_owner`: whoever calls it, it works with its owner's rights, also while that user is locked. `database`:
    which of the server's it is in, "" for the one that was asked. `sql`: in MySQL, its name as a statement has it.
    `remedy`: the statement after which it does not; "" where none says so or none is needed.
    Not `named`: `what` counts them in a database that could not be asked, and `sql` is the query that names them there.
    """

    user: str
    what: str
    runs_as_owner: bool = False
    database: str = ""
    sql: str = ""
    named: bool = True
    remedy: str = ""


@dataclass(frozen=True)
class ShutOut:
    """What happened to the users. `problem` says why nothing could be done; it is empty otherwise.

    `ended` are the users, `sessions` the number of sessions they had. `others` are users with an access level
    that keep it. `left` are users that afterwards still have a session or may open one. `owned` is what the users own.
    `began`: whether a problem came after the first change. `unsure`: what of their objects is not known or not done.
    """

    database: str
    ended: tuple[str, ...] = ()
    sessions: int = 0
    others: tuple[str, ...] = ()
    left: tuple[DatabaseUser, ...] = ()
    problem: str = ""
    hint: str = ""
    owned: tuple[OwnedObject, ...] = ()
    engine: Engine = Engine.POSTGRESQL
    began: bool = False
    unsure: tuple[str, ...] = ()

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
