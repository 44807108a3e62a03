"""The master user of a database, as RDS creates one: it owns a database and is no superuser."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path

SUPERUSER = "rdsadmin"
MASTER = "master"


@dataclass(frozen=True)
class Owner:
    """The master user and the database it owns. An empty password is replaced by a random one."""

    user: str = MASTER
    password: str = field(default="", repr=False)
    database: str = "app"

    def __post_init__(self) -> None:
        for name in (self.user, self.database):
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", name) or name == SUPERUSER:
                raise ValueError(f"{name} is not a valid name for a user or database")

    def with_password(self) -> Owner:
        """The owner with a password."""
        return replace(self, password=self.password or secrets.token_urlsafe(24))


@dataclass(frozen=True)
class Server:
    """A running server: its private Unix socket, and its master user."""

    socket: Path
    owner: Owner
