"""`/_sandbox/database`: a real PostgreSQL or MySQL behind a cluster or instance of the sandbox's RDS.

AWS runs a server for each cluster; MiniStack keeps its record only. PUT {"name": "app"} starts a server for that
cluster, or creates an Aurora PostgreSQL cluster of that name (Aurora MySQL with "engine": "mysql"). It has the
endpoint's name and port, and the master user and password that RDS has on record. It is reachable only through a
session's tunnel. GET lists the databases with their refused tokens. The data is lost when the sandbox stops.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ministack.core.responses import get_account_id, get_region
from ministack.services import rds, secretsmanager

from generator.errors import DeployerError
from generator.model.database import Engine
from generator.sandbox.database import certificates, engine_fronts, server
from generator.sandbox.database.master_user import Owner
from generator.sandbox.database.rds_front import Front, TokenCheck, listening
from generator.sandbox.database.token_check import token_check
from generator.sandbox.ssm import targets
from generator.sandbox.state import DATABASE_AUTHORITIES

if TYPE_CHECKING:
    from generator.sandbox.asgi import Sandbox
    from generator.sandbox.authentication import Authenticator
    from generator.sandbox.http_messages import Request, Response

PATH = "/_sandbox/database"
_NOT_GIVEN = ("", "password")  # MiniStack's default is the latter
_EXAMPLE = {
    "Engine": "aurora-postgresql",
    "MasterUsername": "master",
    "ManageMasterUserPassword": "true",
    "DatabaseName": "app",
    "EnableIAMDatabaseAuthentication": "true",
}


@dataclass
class Running:
    """A running database, and the task that keeps it."""

    host: str
    port: int
    ca_bundle: Path
    front: Front
    task: asyncio.Task[None]

    def described(self, name: str) -> dict[str, object]:
        """The database as the endpoint describes it."""
        return {
            "name": name,
            "endpoint": f"{self.host}:{self.port}",
            "localPort": self.front.port,
            "caBundle": str(self.ca_bundle),
            "refusals": self.front.refusals,
        }


_running: dict[str, Running] = {}


def install(sandbox: Sandbox) -> None:
    """Add the endpoint."""
    from generator.sandbox.asgi import Store
    from generator.sandbox.http_messages import Response

    async def answer(request: Request) -> Response | None:
        if request.path != PATH or "origin" in request.headers:
            return None
        if request.method == "GET":
            return Response.json([database.described(name) for name, database in _running.items()])
        if request.method != "PUT":
            return None
        try:
            body = json.loads(request.body)
            name, required = str(body["name"]), Engine(body["engine"]) if body.get("engine") else None
        except (ValueError, KeyError, TypeError):
            return Response.error("ValidationError", 'Send {"name": a cluster or instance}; "engine" is optional.')
        try:
            raw, engine = await _record(name, required)
            database = _running.get(name) or await _start(sandbox.authenticator, name, raw, engine)
        except ValueError as error:
            return Response.error("ValidationError", f"{error}.")
        except DeployerError as error:
            return Response.error("InternalFailure", f"{error.message} {error.hint}")
        return Response.json(database.described(name))

    sandbox.layers.insert(0, answer)
    sandbox.stores["database"] = Store(dump=lambda: None, load=lambda saved: _stop_all())


def _stop_all() -> None:
    """Stop every database: the sandbox was reset or its state was loaded."""
    for database in _running.values():
        database.task.cancel()
    _running.clear()


async def _start(authenticator: Authenticator, name: str, raw: dict[str, Any], engine: Engine) -> Running:
    endpoint = raw["Endpoint"]
    host, port = (endpoint["Address"], endpoint["Port"]) if isinstance(endpoint, dict) else (endpoint, raw["Port"])
    resource = raw.get("DbClusterResourceId") or raw.get("DbiResourceId") or ""
    directory = Path(os.environ["STATE_DIR"]) / "database" / name
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    certified = certificates.certify(host, directory)
    _trust(certified.ca_bundle)
    check_token = token_check(authenticator, host, int(port), resource, get_account_id(), get_region())
    database = raw.get("DatabaseName") or raw.get("DBName") or "app"
    owner = Owner(raw.get("MasterUsername", "master"), str(raw.get("_MasterUserPassword") or ""), database)
    ready: asyncio.Future[Front] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(_run(engine, owner, certified, check_token, ready))
    database_front = await ready
    targets.register(targets.EVERY, {"ports": {f"{host}:{port}": database_front.port}})
    _running[name] = Running(host, int(port), certified.ca_bundle, database_front, task)
    return _running[name]


async def _record(name: str, required: Engine | None) -> tuple[dict[str, Any], Engine]:
    """RDS's record of that name, created if there is none, and its engine. ValueError if it has another engine."""
    record = rds._clusters.get(name) or rds._instances.get(name)
    if not record:
        example = {**_EXAMPLE, "Engine": f"aurora-{required or Engine.POSTGRESQL}", "DBClusterIdentifier": name}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        body = urlencode({"Action": "CreateDBCluster", **example}).encode()
        await rds.handle_request("POST", "/", headers, body, {})
        record = rds._clusters.get(name)
    if not record:
        raise ValueError("RDS created no cluster of that name")
    engine = Engine.of(record["Engine"])
    if engine is None or record["Engine"] == "mariadb":
        raise ValueError(f"it is {record['Engine']}, and the sandbox has PostgreSQL and MySQL only")
    if required not in (None, engine):
        raise ValueError(f"it exists and is {record['Engine']}")
    if not record.get("MasterUserSecret") and record.get("_MasterUserPassword", "") in _NOT_GIVEN:
        _manage_password(record, name)
    return dict(record), engine


def _manage_password(record: dict[str, Any], name: str) -> None:
    """Store the master's password in a secret, as RDS does; MiniStack's CloudFormation does not."""
    password = secrets.token_urlsafe(24)
    value = json.dumps({"username": record.get("MasterUsername", "master"), "password": password})
    arn = secretsmanager.create_secret_in_process(f"rds!{name}-{secrets.token_hex(6)}", value)
    record |= {"_MasterUserPassword": password, "MasterUserSecret": {"SecretArn": arn, "SecretStatus": "active"}}


def _trust(authority: Path) -> None:
    """Add the authority to the bundle that the sandbox's environment names."""
    bundle = Path(os.environ["STATE_DIR"]).parent / DATABASE_AUTHORITIES
    with bundle.open("a", encoding="utf-8") as file:
        file.write(authority.read_text(encoding="utf-8"))


async def _run(
    engine: Engine,
    owner: Owner,
    certified: certificates.Certified,
    check_token: TokenCheck,
    ready: asyncio.Future[Front],
) -> None:
    """Run the server and its front until this task is cancelled."""
    try:
        async with AsyncExitStack() as stack:
            real = await stack.enter_async_context(server.running(owner, engine))
            database_front = engine_fronts.front_for(engine, real.socket, certified.context, check_token)
            ready.set_result(await stack.enter_async_context(listening(database_front)))
            await asyncio.Event().wait()
    except Exception as error:  # raised where the start is awaited
        if ready.done():
            raise
        ready.set_exception(error)
