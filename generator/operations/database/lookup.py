"""Which database is meant: the endpoint given, the one named, the stack's, or the only one in the region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from generator.errors import AwsError, NotFound, UsageError
from generator.gateway.aws import Gateway
from generator.model.contract import Parameter
from generator.model.database import Database, Engine
from generator.operations.database.request import Wish
from generator.operations.sessions.targets import view_stack


def find_database(gateway: Gateway, wish: Wish) -> Database:
    """The database meant: the endpoint given, the one named, the stack's, or the only one there is.

    Raises NotFound, UsageError when several are there or RDS says another engine, AwsError where RDS may not be asked.
    """
    if wish.port and not wish.endpoint:
        raise UsageError("--port says which port of --endpoint, and no endpoint is given.", "Add --endpoint HOST.")
    found = _given(gateway, wish) if wish.endpoint else _looked_up(gateway, wish)
    if not found.endpoint:
        raise NotFound(f"{found.name} has no endpoint yet: it is being made.", "Wait until it is available.")
    if wish.engine and found.resource_id and wish.engine is not found.engine:
        raise UsageError(f"{found.name} is a {found.engine} database, not {wish.engine}.", "Leave --engine out.")
    return replace(found, database=wish.dbname or found.database, engine=wish.engine or found.engine)


def _given(gateway: Gateway, wish: Wish) -> Database:
    engine = wish.engine or (Engine.MYSQL if wish.port == Engine.MYSQL.default_port else Engine.POSTGRESQL)
    port = wish.port or engine.default_port
    return Database(wish.name or wish.endpoint, engine, wish.endpoint, port, region=gateway.region)


def _looked_up(gateway: Gateway, wish: Wish) -> Database:
    try:
        if wish.name:
            return gateway.rds.describe_database(wish.name)
        return _of_stack(gateway) or _only(gateway.rds.describe_databases(), gateway.region)
    except AwsError as error:
        if not error.denied:
            raise
        raise AwsError(
            "These credentials may not ask RDS which databases there are.",
            "Say where it is: --endpoint HOST --port PORT",
            operation=error.operation,
            aws_code=error.aws_code,
            request_id=error.request_id,
        ) from error


def _of_stack(gateway: Gateway) -> Database | None:
    """The database the stack was told of; None without a stack, such parameters, or leave to read them.

    What RDS knows of that endpoint besides, like the id that policies name, is taken where RDS may be asked.
    """
    stack = view_stack(gateway).stack
    endpoint = stack.value(Parameter.DATABASE_ENDPOINT) if stack else ""
    if stack is None or not endpoint:
        return None
    port = stack.value(Parameter.DATABASE_PORT)
    engine = Engine.MYSQL if port == str(Engine.MYSQL.default_port) else Engine.POSTGRESQL
    known = Database(
        name=endpoint.split(".")[0],
        engine=engine,
        endpoint=endpoint,
        port=int(port) if port.isdigit() else engine.default_port,
        resource_id=stack.value(Parameter.DATABASE_RESOURCE_ID),
        region=stack.region,
        account=stack.account,
        partition=stack.partition,
    )
    return as_rds_knows(gateway, known)


def as_rds_knows(gateway: Gateway, database: Database) -> Database:
    """The same endpoint with all that RDS knows of it; as it is where RDS does not know it or may not be asked.

    A cluster's reader endpoint is its writer's with `-ro` (Aurora user guide, "Amazon Aurora endpoint connections").
    """
    writer = database.endpoint.replace(".cluster-ro-", ".cluster-")
    try:
        found = next((d for d in gateway.rds.describe_databases() if d.endpoint == writer), None)
    except AwsError as error:
        if not error.denied:
            raise
        return database
    return replace(found, endpoint=database.endpoint) if found else database


def _only(found: Sequence[Database], region: str) -> Database:
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound(
            f"There is no PostgreSQL or MySQL database in {region or 'this region'}.",
            "Check --region and --profile, or give --endpoint.",
            code="database-not-found",
        )
    listed = "\n    ".join(database.label for database in found)
    raise UsageError(
        f"There are {len(found)} databases in {region or 'this region'}, and nothing says which is meant.",
        f"Name one after the command:\n    {listed}",
        code="database-ambiguous",
    )
