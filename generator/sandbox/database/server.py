"""The real server of each engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from generator.model.database import Engine
from generator.sandbox.database import mysql, postgresql
from generator.sandbox.database.master_user import Owner, Server


@asynccontextmanager
async def running(owner: Owner | None = None, engine: Engine = Engine.POSTGRESQL) -> AsyncIterator[Server]:
    """A fresh server with an empty database while the block runs; it is removed afterwards."""
    run = postgresql.running if engine is Engine.POSTGRESQL else mysql.running
    async with run((owner or Owner()).with_password()) as server:
        yield server
