"""`/_sandbox/database`: a real PostgreSQL or MySQL behind a cluster or instance that RDS's API made in the sandbox.

PUT {"name": "app"} starts it (and has RDS make an Aurora PostgreSQL of that name when there is none, or with
"engine": "mysql" an Aurora MySQL): under the endpoint's name and port in the sandbox's network, with the master user
and password RDS has for it, reachable through a session's tunnel and in no other way. GET lists them, with the log of
refused tokens. The data ends with the sandbox.
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

from ministack.core.responses import get_account_id, get_region
from ministack.services import rds, secretsmanager

from generator.errors import DeployerError
from generator.model.database import Engine
from generator.sandbox.database import certificates, front, fronts, judge, server
from generator.sandbox.database.owner import Owner
from generator.sandbox.ssm import targets
from generator.sandbox.state import DATABASE_AUTHORITIES

if TYPE_CHECKING:
    from generator.sandbox.asgi import Request, Response, Sandbox
    from generator.sandbox.authentication import Authenticator

PATH = "/_sandbox/database"
_NOT_GIVEN = ("", "password")  # the latter is what MiniStack writes where nobody gave one
_EXAMPLE = {
    "Engine": "aurora-postgresql",
    "MasterUsername": "master",
    "ManageMasterUserPassword": "true",
    "DatabaseName": "app",
    "EnableIAMDatabaseAuthentication": "true",
}


@dataclass
class Running:
    """A database that runs, and the task that holds it."""

    host: str
    port: int
    ca_bundle: Path
    door: front.Front
    task: asyncio.Task[None]

    def described(self, name: str) -> dict[str, object]:
        """As the endpoint answers."""
        return {
            "name": name,
            "endpoint": f"{self.host}:{self.port}",
            "localPort": self.door.port,
            "caBundle": str(self.ca_bundle),
            "refusals": self.door.refusals,
        }


_running: dict[str, Running] = {}


def install(sandbox: Sandbox) -> None:
    """Add the endpoint."""
    from generator.sandbox.asgi import Response, Store

    async def answer(request: Request) -> Response | None:
        if request.path != PATH or "origin" in request.headers:
            return None
        if request.method == "GET":
            return Response.json([found.described(name) for name, found in _running.items()])
        if request.method != "PUT":
            return None
        try:
            asked = json.loads(request.body)
            name = str(asked["name"])
            raw, engine = _record(name, Engine(asked["engine"]) if asked.get("engine") else None)
            found = _running.get(name) or await _start(sandbox.authenticator, name, raw, engine)
        except (ValueError, KeyError, TypeError) as error:
            return Response.error("ValidationError", f'Send {{"name": a cluster or instance}}: {error}.')
        except DeployerError as error:
            return Response.error("InternalFailure", f"{error.message} {error.hint}")
        return Response.json(found.described(name))

    sandbox.layers.insert(0, answer)
    sandbox.stores["database"] = Store(dump=lambda: None, load=lambda saved: _stop_all())


def _stop_all() -> None:
    """A sandbox that is emptied, or read from the disk again, has no database that runs."""
    for found in _running.values():
        found.task.cancel()
    _running.clear()


async def _start(authenticator: Authenticator, name: str, raw: dict[str, Any], engine: Engine) -> Running:
    endpoint = raw["Endpoint"]
    host, port = (endpoint["Address"], endpoint["Port"]) if isinstance(endpoint, dict) else (endpoint, raw["Port"])
    resource = raw.get("DbClusterResourceId") or raw.get("DbiResourceId") or ""
    directory = Path(os.environ["STATE_DIR"]) / "database" / name
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    certified = certificates.certify(host, directory)
    _vouch(certified.ca_bundle)
    decided = judge.judge_for(authenticator, host, int(port), resource, get_account_id(), get_region())
    database = raw.get("DatabaseName") or raw.get("DBName") or "app"
    owner = Owner(raw.get("MasterUsername", "master"), str(raw.get("_MasterUserPassword") or ""), database)
    ready: asyncio.Future[front.Front] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(_hold(engine, owner, certified, decided, ready))
    door = await ready
    targets.register(targets.EVERY, {"ports": {f"{host}:{port}": door.port}})
    _running[name] = Running(host, int(port), certified.ca_bundle, door, task)
    return _running[name]


def _record(name: str, wanted: Engine | None) -> tuple[dict[str, Any], Engine]:
    """What RDS has under that name, made when there is nothing, and its engine; ValueError for another than wanted."""
    found = rds._clusters.get(name) or rds._instances.get(name)
    if not found:
        example = {**_EXAMPLE, "Engine": f"aurora-{wanted or Engine.POSTGRESQL}", "DBClusterIdentifier": name}
        rds._create_db_cluster({key: [value] for key, value in example.items()})
        found = rds._clusters.get(name)
    if not found:
        raise ValueError(f"RDS makes no cluster {name}")
    engine = Engine.of(found["Engine"])
    if engine is None or found["Engine"] == "mariadb":
        raise ValueError(f"{name} is {found['Engine']}, and the sandbox has PostgreSQL and MySQL only")
    if wanted not in (None, engine):
        raise ValueError(f"{name} is {found['Engine']} already")
    if not found.get("MasterUserSecret") and found.get("_MasterUserPassword", "") in _NOT_GIVEN:
        _manage_password(found, name)
    return dict(found), engine


def _manage_password(record: dict[str, Any], name: str) -> None:
    """Keep the master's password in a secret, as RDS does; MiniStack's CloudFormation leaves that out."""
    password = secrets.token_urlsafe(24)
    value = json.dumps({"username": record.get("MasterUsername", "master"), "password": password})
    arn = secretsmanager.create_secret_in_process(f"rds!{name}-{secrets.token_hex(6)}", value)
    record |= {"_MasterUserPassword": password, "MasterUserSecret": {"SecretArn": arn, "SecretStatus": "active"}}


def _vouch(authority: Path) -> None:
    """Add the authority to the bundle that the sandbox's environment names."""
    bundle = Path(os.environ["STATE_DIR"]).parent / DATABASE_AUTHORITIES
    with bundle.open("a") as file:
        file.write(authority.read_text())


async def _hold(
    engine: Engine,
    owner: Owner,
    certified: certificates.Certified,
    decided: front.Judge,
    ready: asyncio.Future[front.Front],
) -> None:
    """Keep the server and its front until the sandbox ends, which cancels this."""
    try:
        async with AsyncExitStack() as stack:
            real = await stack.enter_async_context(server.running(owner, engine))
            door = fronts.front_for(engine, real.socket, certified.context, decided)
            ready.set_result(await stack.enter_async_context(front.listening(door)))
            await asyncio.Event().wait()
    except Exception as error:  # whoever asked for the database is told, whatever it was
        if ready.done():
            raise
        ready.set_exception(error)
