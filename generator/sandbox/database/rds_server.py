"""A database as one context manager: a server, its front and its authority, in a thread with its own event loop."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from generator.model.database import Engine
from generator.sandbox.database import certificates, engine_fronts, master_user, process, rds_front, server, token

Allows = Callable[[token.Claim, str], bool]
"""allows(claim, user): whether the signer of a valid token is allowed rds-db:connect for the user."""


@dataclass(frozen=True)
class RdsServer:
    """A database on 127.0.0.1:`port` with the name `host`, where it seems to listen on `real_port`."""

    host: str
    real_port: int
    port: int
    ca_bundle: Path
    directory: Path
    password: str = field(repr=False)
    refusals: list[str] = field(default_factory=list)
    user: str = master_user.MASTER
    database: str = "app"


@contextmanager
def rds_server(
    host: str,
    secret_of: Callable[[str], str],
    allows: Allows = lambda claim, user: True,
    engine: Engine = Engine.POSTGRESQL,
) -> Iterator[RdsServer]:
    """Run a database while the block runs. `secret_of(access key)` returns its secret or raises KeyError."""
    real_port = engine.default_port

    def check_token(presented: str, user: str) -> None:
        claim = token.verify(
            presented, host=host, port=real_port, user=user, secret_of=secret_of, now=datetime.now(UTC)
        )
        if not allows(claim, user):
            raise token.TokenRefused(f"{claim.access_key} may not do rds-db:connect as {user}")

    ready: Future[RdsServer] = Future()
    over = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_live(host, engine, check_token, ready, over)), daemon=True)
    thread.start()
    try:
        yield ready.result(process.START_SECONDS)
    finally:
        over.set()
        thread.join(process.START_SECONDS)


async def _live(
    host: str, engine: Engine, check_token: rds_front.TokenCheck, ready: Future[RdsServer], over: threading.Event
) -> None:
    try:
        async with AsyncExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deployer-ca-")))
            certified = certificates.certify(host, directory)
            real = await stack.enter_async_context(server.running(engine=engine))
            tls_front = engine_fronts.front_for(engine, real.socket, certified.context, check_token)
            await stack.enter_async_context(rds_front.listening(tls_front))
            made = (host, engine.default_port, tls_front.port, certified.ca_bundle, directory)
            ready.set_result(RdsServer(*made, real.owner.password, tls_front.refusals))
            await asyncio.to_thread(over.wait)
    except BaseException as error:  # raised where the start is awaited
        if ready.done():
            raise
        ready.set_exception(error)
