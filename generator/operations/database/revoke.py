"""Revocation inside the database: IAM stops new connections only, so sessions are ended and the users locked.

In PostgreSQL rds_iam is taken away, in MySQL the account is locked; `db bootstrap` undoes either.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.model.database import SUPPORT_PERSON, DatabaseUser, Grade
from generator.operations.database.connect import route_to
from generator.operations.database.reach import Wish, find_database
from generator.operations.database.run import connected, master_login, shut_out, users
from generator.operations.database.tunnel import Tunnel, session_tunnel


@dataclass(frozen=True)
class ShutOut:
    """What became of the users of the grades. `problem` says why it could not be done, and is empty when it was.

    `left` are users that could still open a connection, or have one, when looked at afterwards.
    """

    database: str
    ended: tuple[str, ...] = ()
    left: tuple[DatabaseUser, ...] = ()
    problem: str = ""
    hint: str = ""

    @property
    def holds(self) -> bool:
        """Nobody of the grades is in, or can come in."""
        return not self.problem and not self.left


SUPPORTS = tuple(f"{SUPPORT_PERSON}_{grade.value}" for grade in Grade)
"""The vendor's users, one for each grade; every other user of a grade is one of the customer's people."""


def shut_everybody_out(
    gateway: Gateway, wish: Wish, password: str = "", only: Collection[str] = (), tunnel: Tunnel | None = None
) -> ShutOut:
    """End sessions of the grades' users, or `only` of those named, and let no token of theirs open more; look again.

    Works as the master user, by the password given or RDS's own secret. Never raises for a database that cannot be
    reached: a revocation goes on with the rest and reports it.
    """
    name = wish.name or wish.endpoint or "the stack's database"
    try:
        database = find_database(gateway, wish)
        name = database.name
        login = master_login(gateway, database, wish.user, password)
        way = tunnel or session_tunnel(gateway, wish)
        with route_to(database, wish, way) as route, connected(login, route) as query:
            wanted = [u for u in users(query, database.engine) if not only or u.user in only]
            shut_out(query, database.engine, sorted({user.user for user in wanted}))
            after = users(query, database.engine)
    except DeployerError as error:
        return ShutOut(name, problem=error.message, hint=error.hint)
    left = tuple(u for u in after if (not only or u.user in only) and (u.tokens or u.sessions))
    return ShutOut(name, tuple(sorted({user.user for user in wanted})), left)
