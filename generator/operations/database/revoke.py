"""Revocation inside the database: IAM stops new connections only, so sessions are ended and the users locked.

In PostgreSQL the user may not log in and loses rds_iam, in MySQL the account is locked; `db bootstrap` undoes either.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.model.database import SUPPORT_PERSON, DatabaseUser, Grade
from generator.operations.database.connect import route_to
from generator.operations.database.lookup import find_database
from generator.operations.database.request import Wish
from generator.operations.database.run import connected, master_login, shut_out, still_in, users
from generator.operations.database.tunnel import Tunnel, session_tunnel


@dataclass(frozen=True)
class ShutOut:
    """What became of the users of the grades. `problem` says why it could not be done, and is empty when it was.

    `ended` are the users, `sessions` how many connections they had. `left` are users that could still open a
    connection, or have one, when looked at afterwards. `only_support`: it was the vendor's users, and nobody else.
    """

    database: str
    ended: tuple[str, ...] = ()
    sessions: int = 0
    only_support: bool = False
    left: tuple[DatabaseUser, ...] = ()
    problem: str = ""
    hint: str = ""

    @property
    def holds(self) -> bool:
        """Nobody of the grades is in, or can come in."""
        return not self.problem and not self.left


SUPPORTS = tuple(f"{SUPPORT_PERSON}_{grade.value}" for grade in Grade)
"""The vendor's users, one for each grade; every other user of a grade is one of the customer's people."""


Users = list[DatabaseUser]


def supports_among(found: Users) -> Users:
    """The vendor's users; all there are where it has none, as any of them may be one of its people. Pure."""
    return [user for user in found if user.user in SUPPORTS] or found


def shut_support_out(gateway: Gateway, wish: Wish, password: str = "", tunnel: Tunnel | None = None) -> ShutOut:
    """Shut out whom `supports_among` names, whatever the stack says of support; as `shut_everybody_out` otherwise."""
    return _shut(gateway, wish, password, supports_among, tunnel)


def shut_everybody_out(
    gateway: Gateway, wish: Wish, password: str = "", only: Collection[str] = (), tunnel: Tunnel | None = None
) -> ShutOut:
    """End sessions of the grades' users, or `only` of those named, and let them open no more; look again.

    Works as the master user, by the password given or RDS's own secret. Never raises for a database that cannot be
    reached: a revocation goes on with the rest and reports it.
    """
    return _shut(gateway, wish, password, lambda found: [u for u in found if not only or u.user in only], tunnel)


def _shut(
    gateway: Gateway, wish: Wish, password: str, choose: Callable[[Users], Users], tunnel: Tunnel | None
) -> ShutOut:
    name = wish.name or wish.endpoint or "the stack's database"
    try:
        database = find_database(gateway, wish)
        name = database.name
        login = master_login(gateway, database, wish.user, password)
        way = tunnel or session_tunnel(gateway, wish)
        with route_to(database, wish, way) as route, connected(login, route) as query:
            live = {user.user: user.sessions for user in choose(users(query, database.engine))}
            shut_out(query, database.engine, sorted(live))
            after, inside = choose(users(query, database.engine)), still_in(query, database.engine)
    except DeployerError as error:
        return ShutOut(name, problem=error.message, hint=error.hint)
    meant = {user.user for user in after} | set(live)
    left = tuple(user for user in inside if user.user in meant)
    return ShutOut(name, tuple(sorted(live)), sum(live.values()), bool(live) and set(live) <= set(SUPPORTS), left)
