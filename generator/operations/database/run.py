"""Running SQL over one connection of the engine's driver, with refusals explained."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

from generator.errors import DeployerError, UsageError
from generator.gateway.aws import Gateway
from generator.host import drivers
from generator.host.drivers import Query as Query
from generator.host.drivers import Row
from generator.model.database import AccessLevel, Database, DatabaseUser, Engine, Login, Route
from generator.operations.database import mysql, postgresql
from generator.operations.database.activity import end_session
from generator.operations.database.client_settings import libpq
from generator.operations.database.error_messages import diagnose
from generator.operations.database.user_names import user_name

SECONDS_TO_END = 5.0  # a killed MySQL session first rolls back what it had not committed


@contextmanager
def connected(login: Login, route: Route) -> Iterator[Query]:
    """A connection whose refusals, at the start and later, are raised as DeployerError."""
    with _translated(login, route), _open(login, route) as query:

        def run(statements: str) -> list[Row]:
            with _translated(login, route):
                return query(statements)

        yield run


@contextmanager
def _translated(login: Login, route: Route) -> Iterator[None]:
    try:
        yield
    except drivers.SqlRefused as refused:
        raise diagnose(str(refused), login, route, datetime.now(UTC)) from None


def _open(login: Login, route: Route) -> AbstractContextManager[Query]:
    if login.database.engine is Engine.POSTGRESQL:
        return drivers.postgresql(libpq(login, route), login.token)
    return drivers.mysql(
        host=login.database.endpoint,
        address=(route.host, route.port),
        user=login.user,
        password=login.token,
        database=route.database,
        ca_bundle=route.ca_bundle,
    )


def parse_users(wanted: list[str], engine: Engine) -> dict[str, AccessLevel]:
    """From NAME=LEVELS (alice=r, bob=ro) to users and their access levels. Raises UsageError."""
    users: dict[str, AccessLevel] = {}
    for pair in wanted:
        identity, equals, letters = pair.rpartition("=")
        if not equals or not identity or not letters or set(letters) - {level.value for level in AccessLevel}:
            raise UsageError(
                f"--for takes NAME=LEVELS, which {pair} is not.", "For example: --for alice=r --for bob=ro"
            )
        users |= {user_name(identity, AccessLevel(letter), engine): AccessLevel(letter) for letter in letters}
    return users


def bootstrap_sql(database: Database, users: dict[str, AccessLevel]) -> str:
    """The script that creates the roles of the access levels, and the users. Raises UsageError without a database's
    name."""
    if not database.database:
        raise UsageError(
            f"It is not known which database of {database.name} is meant.",
            "Name it with --dbname.",
            code="needs-dbname",
        )
    make = postgresql.bootstrap if database.engine is Engine.POSTGRESQL else mysql.bootstrap
    return make(database.database, users)


def drop_user_sql(database: Database, user: str) -> str:
    """The script that drops a user."""
    make = postgresql.drop_user if database.engine is Engine.POSTGRESQL else mysql.drop_user
    return make(user)


def users(query: Query, engine: Engine) -> list[DatabaseUser]:
    """The users with an access level. Operators and the master user may query them."""
    if engine is Engine.POSTGRESQL:
        return [DatabaseUser(str(u), str(role), bool(iam), int(live)) for u, role, iam, live in query(postgresql.USERS)]
    found = query(mysql.USERS)
    return [
        DatabaseUser(str(u), AccessLevel(letter).role, bool(tokens), int(live)) for u, letter, tokens, live in found
    ]


def still_in(query: Query, engine: Engine) -> list[DatabaseUser]:
    """The users with an access level that have a session or may open one, by a token or, in PostgreSQL, by a password.

    MySQL locks whole accounts, so a user whose tokens are refused cannot sign in at all.
    """
    found = users(query, engine)
    may_log_in = {str(name) for (name,) in query(postgresql.MAY_LOG_IN)} if engine is Engine.POSTGRESQL else set()
    return [user for user in found if user.tokens or user.sessions or user.user in may_log_in]


def shut_out(query: Query, engine: Engine, names: list[str]) -> None:
    """Lock these users, so that neither a token nor a password is accepted, and end their sessions. As the master
    user."""
    if not names:
        return
    if engine is Engine.POSTGRESQL:
        query(postgresql.shut_out(names))
        return
    query(mysql.shut_out(names))
    _end_sessions(query, names)


def drop_user(query: Query, engine: Engine, user: str) -> None:
    """Drop a user and end its sessions. As the master user."""
    if engine is Engine.MYSQL:
        if user not in {found.user for found in users(query, engine)}:
            query(mysql.drop_user(user))  # is refused for an application's user
            return
        shut_out(query, engine, [user])
    query(postgresql.drop_user(user) if engine is Engine.POSTGRESQL else mysql.drop_user(user))


def _end_sessions(query: Query, names: list[str]) -> None:
    """End the sessions of MySQL users, and wait until they have ended, at most SECONDS_TO_END."""
    deadline = time.monotonic() + SECONDS_TO_END
    asked: set[int] = set()
    while live := {int(row[0]) for row in query(mysql.sessions(names))}:
        for session in live - asked:
            end_session(query, Engine.MYSQL, session)
        asked |= live
        if time.monotonic() > deadline:
            return  # the caller checks again
        time.sleep(0.05)


def _usual_master(engine: Engine) -> str:
    """The default name of the engine's master user in the RDS console."""
    return "postgres" if engine is Engine.POSTGRESQL else "admin"


def master_login(gateway: Gateway, database: Database, user: str, password: str) -> Login:
    """The master user's login: the name and password given, or those in RDS's own secret.

    Raises DeployerError without either.
    """
    if password:
        return Login(database, user or database.master_user or _usual_master(database.engine), None, password)
    if not database.master_secret:
        raise DeployerError(
            f"RDS has no master password of {database.name} in Secrets Manager.",
            "Give it with --password-stdin or --password-prompt, or print the SQL with --print and run it yourself.",
            code="needs-password",
        )
    secret = json.loads(gateway.secretsmanager.get_secret_value(database.master_secret))
    return Login(database, str(secret["username"]), None, str(secret["password"]))
