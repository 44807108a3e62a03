"""Running SQL: one connection by the engine's driver, its refusals said in our words."""

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
from generator.model.database import Database, DatabaseUser, Engine, Grade, Login, Route
from generator.operations.database import mysql, postgresql
from generator.operations.database.activity import end_session
from generator.operations.database.client_settings import libpq
from generator.operations.database.error_messages import diagnose
from generator.operations.database.user_names import user_name

SECONDS_TO_END = 5.0  # a killed session of MySQL's first takes back what it had not committed


@contextmanager
def connected(login: Login, route: Route) -> Iterator[Query]:
    """A connection whose refusals, at its start and later, are DeployerErrors."""
    with _translated(login, route), _open(login, route) as query:

        def ask(statements: str) -> list[Row]:
            with _translated(login, route):
                return query(statements)

        yield ask


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


def people(wanted: list[str], engine: Engine) -> dict[str, Grade]:
    """From NAME=GRADES (alice=r, bob=ro) to users and their grades. Raises UsageError."""
    users: dict[str, Grade] = {}
    for pair in wanted:
        person, equals, letters = pair.rpartition("=")
        if not equals or not person or not letters or set(letters) - {grade.value for grade in Grade}:
            raise UsageError(
                f"--for takes NAME=GRADES, and {pair} is not that.", "For example: --for alice=r --for bob=ro"
            )
        users |= {user_name(person, Grade(letter), engine): Grade(letter) for letter in letters}
    return users


def bootstrap_sql(database: Database, users: dict[str, Grade]) -> str:
    """The script that makes the grades and the users. Raises UsageError without a database's name."""
    if not database.database:
        raise UsageError(
            f"{database.name} does not say which database in it is meant.",
            "Name it with --dbname.",
            code="needs-dbname",
        )
    make = postgresql.bootstrap if database.engine is Engine.POSTGRESQL else mysql.bootstrap
    return make(database.database, users)


def drop_user_sql(database: Database, user: str) -> str:
    """The script that takes a user away."""
    make = postgresql.drop_user if database.engine is Engine.POSTGRESQL else mysql.drop_user
    return make(user)


def users(query: Query, engine: Engine) -> list[DatabaseUser]:
    """The users of the grades. An operator may ask for them, and the master user."""
    if engine is Engine.POSTGRESQL:
        return [DatabaseUser(str(u), str(role), bool(iam), int(live)) for u, role, iam, live in query(postgresql.USERS)]
    found = query(mysql.USERS)
    return [DatabaseUser(str(u), Grade(letter).role, bool(tokens), int(live)) for u, letter, tokens, live in found]


def still_in(query: Query, engine: Engine) -> list[DatabaseUser]:
    """The users of the grades that have a session, or may open one: by a token or, in PostgreSQL, by a password.

    MySQL locks whole accounts, so a user whose tokens open nothing has no other way.
    """
    found = users(query, engine)
    enter = {str(name) for (name,) in query(postgresql.MAY_LOG_IN)} if engine is Engine.POSTGRESQL else set()
    return [user for user in found if user.tokens or user.sessions or user.user in enter]


def shut_out(query: Query, engine: Engine, names: list[str]) -> None:
    """End the sessions of these users and let neither a token nor a password open more. Needs the master user."""
    if not names:
        return
    if engine is Engine.POSTGRESQL:
        query(postgresql.shut_out(names))
        return
    query(mysql.shut_out(names))
    _end_sessions(query, names)


def drop_user(query: Query, engine: Engine, user: str) -> None:
    """Take a user away, and end its sessions. Needs the master user."""
    if engine is Engine.MYSQL:
        if user not in {found.user for found in users(query, engine)}:
            query(mysql.drop_user(user))  # refuses an application's
            return
        shut_out(query, engine, [user])
    query(postgresql.drop_user(user) if engine is Engine.POSTGRESQL else mysql.drop_user(user))


def _end_sessions(query: Query, names: list[str]) -> None:
    """End the sessions of MySQL users, and wait until they are over, or SECONDS_TO_END."""
    deadline = time.monotonic() + SECONDS_TO_END
    asked: set[int] = set()
    while live := {int(row[0]) for row in query(mysql.sessions(names))}:
        for session in live - asked:
            end_session(query, Engine.MYSQL, session)
        asked |= live
        if time.monotonic() > deadline:
            return  # the caller looks again
        time.sleep(0.05)


def _usual_master(engine: Engine) -> str:
    """What RDS's console calls the master user of the engine."""
    return "postgres" if engine is Engine.POSTGRESQL else "admin"


def master_login(gateway: Gateway, database: Database, user: str, password: str) -> Login:
    """Who may make users: the name and password given, or RDS's own secret of the master user.

    Raises DeployerError when there is neither.
    """
    if password:
        return Login(database, user or database.master_user or _usual_master(database.engine), None, password)
    if not database.master_secret:
        raise DeployerError(
            f"RDS keeps no master password of {database.name} in Secrets Manager.",
            "Give it with --password-stdin or --password-prompt, or print the SQL with --print and run it yourself.",
            code="needs-password",
        )
    secret = json.loads(gateway.secretsmanager.get_secret_value(database.master_secret))
    return Login(database, str(secret["username"]), None, str(secret["password"]))
