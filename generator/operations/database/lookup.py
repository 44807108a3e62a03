"""Which database is meant: the endpoint given, the one named, the stack's, or the only one in the region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from generator.errors import AwsError, NotFound, UsageError
from generator.gateway.aws import Gateway
from generator.model.contract import Parameter
from generator.model.database import Database, Engine
from generator.operations.database.request import DatabaseRequest
from generator.operations.sessions.targets import view_stack


def find_database(gateway: Gateway, request: DatabaseRequest) -> Database:
    """The database meant: the endpoint given, the one named, the stack's, or the only one in the region.

    Raises NotFound; UsageError when there are several or RDS reports another engine; AwsError when RDS cannot be
    queried.
    """
    if request.port and not request.endpoint:
        raise UsageError("--port is the port of --endpoint, and no endpoint is given.", "Add --endpoint HOST.")
    database = _given(gateway, request) if request.endpoint else _looked_up(gateway, request)
    if not database.endpoint:
        raise NotFound(f"{database.name} has no endpoint yet: it is being created.", "Wait until it is available.")
    if request.engine and database.resource_id and request.engine is not database.engine:
        raise UsageError(
            f"{database.name} is a {database.engine} database, not {request.engine}.", "Leave --engine out."
        )
    return replace(database, database=request.dbname or database.database, engine=request.engine or database.engine)


def _given(gateway: Gateway, request: DatabaseRequest) -> Database:
    engine = request.engine or (Engine.MYSQL if request.port == Engine.MYSQL.default_port else Engine.POSTGRESQL)
    port = request.port or engine.default_port
    return Database(request.name or request.endpoint, engine, request.endpoint, port, region=gateway.region)


def _looked_up(gateway: Gateway, request: DatabaseRequest) -> Database:
    try:
        if request.name:
            return gateway.rds.describe_database(request.name)
        return _of_stack(gateway) or _only(gateway.rds.describe_databases(), gateway.region)
    except AwsError as error:
        if not error.denied:
            raise
        raise error.explained(
            "These credentials may not list databases in RDS.", hint="Give the endpoint: --endpoint HOST --port PORT"
        ) from error


def _of_stack(gateway: Gateway) -> Database | None:
    """The database in the stack's parameters or outputs; None without a stack, without these, or without permission to
    read them.

    Whatever else RDS knows of that endpoint, such as the resource ID that policies name, is added if RDS can be
    queried.
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
    """The same endpoint with all that RDS knows of it; unchanged if RDS does not know it or cannot be queried.

    A cluster's reader endpoint is its writer's with `-ro` (Aurora user guide, "Amazon Aurora endpoint connections").
    """
    writer = database.endpoint.replace(".cluster-ro-", ".cluster-")
    try:
        known = next((d for d in gateway.rds.describe_databases() if d.endpoint == writer), None)
    except AwsError as error:
        if not error.denied:
            raise
        return database
    return replace(known, endpoint=database.endpoint) if known else database


def _only(databases: Sequence[Database], region: str) -> Database:
    if len(databases) == 1:
        return databases[0]
    if not databases:
        raise NotFound(
            f"There is no PostgreSQL or MySQL database in {region or 'this region'}.",
            "Check --region and --profile, or give --endpoint.",
            code="database-not-found",
        )
    listed = "\n    ".join(database.label for database in databases)
    raise UsageError(
        f"There are {len(databases)} databases in {region or 'this region'}, and none is named.",
        f"Name one of them after the command:\n    {listed}",
        code="database-ambiguous",
    )
