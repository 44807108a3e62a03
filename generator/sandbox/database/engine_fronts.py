"""The front of each engine."""

from __future__ import annotations

import ssl
from pathlib import Path

from generator.model.database import Engine
from generator.sandbox.database.mysql_front import MysqlFront
from generator.sandbox.database.postgresql_front import PostgresqlFront
from generator.sandbox.database.rds_front import Front, TokenCheck


def front_for(engine: Engine, socket: Path, tls: ssl.SSLContext, check_token: TokenCheck) -> Front:
    """The front that speaks the engine's protocol, before the server on `socket`."""
    return (PostgresqlFront if engine is Engine.POSTGRESQL else MysqlFront)(socket, tls, check_token)
