"""What a `db` command asks for."""

from __future__ import annotations

from dataclasses import dataclass

from generator.model.database import DEFAULT_LOCAL_PORT, AccessLevel, Engine


@dataclass(frozen=True)
class DatabaseRequest:
    """What was asked for; empty means "find out".

    `name` is an identifier in RDS, `target` the jump host's instance. `support` asks for the vendor's user of the
    access level in place of the caller's own.
    """

    name: str = ""
    endpoint: str = ""
    port: int = 0
    engine: Engine | None = None
    dbname: str = ""
    level: AccessLevel = AccessLevel.READ
    user: str = ""
    local_port: int = DEFAULT_LOCAL_PORT
    ca_bundle: str = ""
    target: str = ""
    document: str = ""
    reason: str = ""
    support: bool = False
