"""What a `db` command asks for: which database, as whom, through which jump host."""

from __future__ import annotations

from dataclasses import dataclass, field

from generator.model.database import DEFAULT_LOCAL_PORT, AccessLevel, ClientProgram, Engine, PrintFormat


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


@dataclass(frozen=True)
class MasterRequest:
    """A change made as the master user. `password` is the one given; "" for the secret in which RDS manages it.

    With `print_only` the change is returned as a script and nothing is connected to.
    """

    database: DatabaseRequest
    password: str = field(default="", repr=False)
    print_only: bool = False


@dataclass(frozen=True)
class ClientRequest:
    """A client for a database: `program`, by default the engine's own, is started here, for `sql` or a terminal.

    With `form`, `copy` or the program `none` the tunnel stays open for a client of the user's own: with its settings
    printed in that form, with the token on the clipboard, or with user and token shown (`show_password`).
    """

    database: DatabaseRequest
    program: ClientProgram | None = None
    form: PrintFormat | None = None
    sql: str = ""
    copy: bool = False
    show_password: bool = False
