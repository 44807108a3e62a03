"""The users with an access level: listed, created, locked and dropped over a connection of the engine's driver."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from generator.errors import DeployerError, UsageError
from generator.host.drivers import Query
from generator.model.database import SUPPORT_DATABASE_USER, AccessLevel, Database, DatabaseUser, Engine
from generator.model.database_changes import OwnedObject
from generator.operations.clock import SYSTEM, Clock
from generator.operations.database import mysql, postgresql, postgresql_owned
from generator.operations.database.activity_queries import end_session
from generator.operations.database.error_messages import LOST
from generator.operations.database.user_names import user_name

DATA_ONLY = ":data"
"""Behind the letters of a person: their `w` changes data and creates nothing. Support's never does."""
NOBODY: Collection[str] = ()
SECONDS_TO_END = 5.0  # a killed MySQL session first rolls back what it had not committed


def parse_users(wanted: Sequence[str], engine: Engine) -> dict[str, AccessLevel]:
    """From NAME=LEVELS (alice=r, bob=ro, eve=w:data) to users and their access levels.

    Raises UsageError, also for a user whose `w` is limited to data in one place and not in another.
    """
    levels: dict[str, AccessLevel] = {}
    limits: dict[str, bool] = {}
    for identity, letters, limited in map(_pair, wanted):
        for letter in letters:
            user = user_name(identity, AccessLevel(letter), engine)
            levels[user] = AccessLevel(letter)
            if letter == AccessLevel.WRITE and limits.setdefault(user, limited) != limited:
                raise UsageError(f"{identity} is given both w and w:data.", "Name that w once.")
    return levels


def full_writers(wanted: Sequence[str], engine: Engine) -> frozenset[str]:
    """Of the same the users whose `w` is not limited to data: none of the vendor's. Raises UsageError."""
    return frozenset(
        user_name(identity, AccessLevel.WRITE, engine)
        for identity, letters, limited in map(_pair, wanted)
        if AccessLevel.WRITE in letters and not limited and identity != SUPPORT_DATABASE_USER
    )


def _pair(pair: str) -> tuple[str, str, bool]:
    """Name, letters of access levels, and whether a `w` among them is limited to data."""
    limited = pair.endswith(DATA_ONLY)
    identity, equals, letters = pair.removesuffix(DATA_ONLY).rpartition("=")
    levels = {level.value for level in AccessLevel}
    if not equals or not identity or not letters or set(letters) - levels or (limited and "w" not in letters):
        raise UsageError(
            f"{pair} is not NAME=LEVELS, where the levels are among r, w and o.",
            "For example: --for alice=r --for bob=ro --for eve=w:data; in a list: alice=r, bob=ro, eve=w:data",
        )
    return identity, letters, limited


def bootstrap_sql(database: Database, users: Mapping[str, AccessLevel], full: Collection[str] = NOBODY) -> str:
    """The script that creates the roles of the access levels, and the users; those in `full` with a `w` that is not
    limited to data. Raises UsageError without a database's name."""
    if not database.database:
        raise UsageError(
            f"It is not known which database of {database.name} is meant.",
            "Name it with --dbname.",
            code="needs-dbname",
        )
    make = postgresql.bootstrap if database.engine is Engine.POSTGRESQL else mysql.bootstrap
    return make(database.database, users, full)


def drop_user_sql(database: Database, user: str) -> str:
    """The script that drops a user."""
    make = postgresql.drop_user if database.engine is Engine.POSTGRESQL else mysql.drop_user
    return make(user)


def printed_drop(database: Database, user: str) -> str:
    """The scripts that drop a user, for a person to run: in PostgreSQL first in each other database of the server."""
    last = drop_user_sql(database, user)
    if database.engine is Engine.MYSQL:
        return last
    return (
        f"-- 1. The other databases in which {_one_line(user)} owns something or has rights:\n"
        f"{postgresql_owned.other_databases(user)};\n"
        f"-- 2. Connected to each of them, and harmless in any other:\n{postgresql.give_up(user)}"
        f"-- 3. Last:\n{last}"
    )


def _one_line(user: str) -> str:
    """A name in a comment, which ends with its line."""
    return " ".join(user.split())


def query_users(query: Query, engine: Engine) -> list[DatabaseUser]:
    """The users with an access level. Operators and the master user may query them."""
    if engine is Engine.POSTGRESQL:
        return [DatabaseUser(str(u), str(role), bool(iam), int(live)) for u, role, iam, live in query(postgresql.USERS)]
    rows = query(mysql.USERS)
    return [DatabaseUser(str(u), AccessLevel(letter).role, bool(tokens), int(live)) for u, letter, tokens, live in rows]


def may_create(query: Query, engine: Engine) -> bool:
    """Whether a `w` that is not limited to data may create in this database; in MySQL its grant fails otherwise."""
    return engine is Engine.MYSQL or bool(query(postgresql.MAY_CREATE)[0][0])


def owned_by(query: Query, engine: Engine, users: Sequence[str]) -> tuple[OwnedObject, ...]:
    """What these users own, or what runs with their rights. Operators and the master user may query it."""
    if not users:
        return ()
    if engine is Engine.POSTGRESQL:
        rows = query(postgresql_owned.owned(users))
        return tuple(OwnedObject(str(u), str(what), bool(runs), remedy=str(sql)) for u, what, runs, sql in rows)
    rows = query(mysql.owned(users))
    return tuple(OwnedObject(str(u), str(what), bool(runs), sql=str(name)) for u, what, runs, name in rows)


def still_in(query: Query, engine: Engine) -> list[DatabaseUser]:
    """The users with an access level that have a session or may open one, by a token or, in PostgreSQL, by a password.

    MySQL locks whole accounts, so a user whose tokens are refused cannot sign in at all.
    """
    users = query_users(query, engine)
    may_log_in = {str(name) for (name,) in query(postgresql.MAY_LOG_IN)} if engine is Engine.POSTGRESQL else set()
    return [user for user in users if user.tokens or user.sessions or user.user in may_log_in]


def shut_out_users(query: Query, engine: Engine, names: list[str]) -> None:
    """Lock these users, so that neither a token nor a password is accepted, and end their sessions. As the master
    user."""
    if not names:
        return
    if engine is Engine.POSTGRESQL:
        query(postgresql.shut_out(names))
        return
    query(mysql.shut_out(names))
    _end_sessions(query, names)


def take_levels(query: Query, engine: Engine, names: list[str]) -> None:
    """Take the rights of their access levels from locked users, with which what they left would go on. As the master
    user; `bootstrap` gives them back."""
    if names:
        query(postgresql.take_levels(names) if engine is Engine.POSTGRESQL else mysql.take_levels(names))


def drop_user(query: Query, engine: Engine, user: str) -> None:
    """Drop a user and end its sessions. As the master user.

    Raises DeployerError, also where the connection is lost meanwhile, which leaves unknown whether the user is dropped.
    """
    with lost_while(f"{user} was dropped: whether it is gone is not known", again=True):
        if engine is Engine.MYSQL:
            if user not in {known.user for known in query_users(query, engine)}:
                query(mysql.drop_user(user))  # is refused for an application's user
                return
            shut_out_users(query, engine, [user])
        query(postgresql.drop_user(user) if engine is Engine.POSTGRESQL else mysql.drop_user(user))


@contextmanager
def lost_while(step: str, *, again: bool) -> Iterator[None]:
    """Have the error of a connection that is lost in the block name the step, and how to see what came of it; with
    `again`, that what is left is done by the same command."""
    try:
        yield
    except DeployerError as error:
        if error.code not in LOST:
            raise
        hint = "See whether it is still listed: deployer db users"
        more = "If it is, run the same command again; it is refused with exit code 4 for a user that is gone."
        raise error.explained(
            f"The connection was lost while {step}.", hint=hint, also=more if again else ""
        ) from error


def _end_sessions(query: Query, names: list[str], clock: Clock = SYSTEM) -> None:
    """End the sessions of MySQL users, and wait until they have ended, at most SECONDS_TO_END."""
    deadline = clock.seconds() + SECONDS_TO_END
    asked: set[int] = set()
    while live := {int(row[0]) for row in query(mysql.sessions(names))}:
        for session in live - asked:
            end_session(query, Engine.MYSQL, session)
        asked |= live
        if clock.seconds() > deadline:
            return  # the caller checks again
        clock.sleep(0.05)
