"""A connection of the engine's driver, as the caller's own user or as the master user, with refusals explained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.host import drivers
from generator.host.drivers import Query as Query
from generator.host.drivers import Row
from generator.model.database import Database, Engine, Login, Route
from generator.operations.database.client_settings import libpq
from generator.operations.database.error_messages import diagnose


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
