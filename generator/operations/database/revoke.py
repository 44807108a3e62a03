"""Revocation inside the database: IAM only stops new connections, so sessions are ended and the users locked.

In PostgreSQL the user gets NOLOGIN and loses rds_iam; in MySQL the account is locked. `db bootstrap` undoes either.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.model.database import SUPPORT_DATABASE_USER, AccessLevel, DatabaseUser
from generator.operations.database.connect import route_to
from generator.operations.database.connection import connected, master_login
from generator.operations.database.lookup import find_database
from generator.operations.database.request import DatabaseRequest
from generator.operations.database.tunnel import Tunnel, session_tunnel
from generator.operations.database.users import list_users, shut_out, still_in


@dataclass(frozen=True)
class ShutOut:
    """What happened to the users. `problem` says why nothing could be done; it is empty otherwise.

    `ended` are the users, `sessions` the number of sessions they had. `left` are users that afterwards still have a
    session or may open one. `only_support`: only the vendor's users were locked.
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
        """Whether none of the users has a session or may open one."""
        return not self.problem and not self.left


SUPPORTS = tuple(f"{SUPPORT_DATABASE_USER}_{level.value}" for level in AccessLevel)
"""The vendor's users, one per access level; all other users belong to the customer's people."""


Users = list[DatabaseUser]


def supports_among(users: Users) -> Users:
    """The vendor's users; if it has none, all users, as any of them may belong to its people. Pure."""
    return [user for user in users if user.user in SUPPORTS] or users


def shut_support_out(
    gateway: Gateway, request: DatabaseRequest, password: str = "", tunnel: Tunnel | None = None
) -> ShutOut:
    """Like `shut_everybody_out`, for the users that `supports_among` selects, whatever the stack says of support."""
    return _shut(gateway, request, password, supports_among, tunnel)


def shut_everybody_out(
    gateway: Gateway,
    request: DatabaseRequest,
    password: str = "",
    only: Collection[str] = (),
    tunnel: Tunnel | None = None,
) -> ShutOut:
    """Lock the users with an access level, or `only` those named, end their sessions, and check the result.

    Works as the master user, with the password given or RDS's own secret. Never raises for a database that cannot be
    reached: a revocation continues and reports it.
    """
    return _shut(gateway, request, password, lambda users: [u for u in users if not only or u.user in only], tunnel)


def _shut(
    gateway: Gateway, request: DatabaseRequest, password: str, choose: Callable[[Users], Users], tunnel: Tunnel | None
) -> ShutOut:
    name = request.name or request.endpoint or "the stack's database"
    try:
        database = find_database(gateway, request)
        name = database.name
        login = master_login(gateway, database, request.user, password)
        opener = tunnel or session_tunnel(gateway, request)
        with route_to(database, request, opener) as route, connected(login, route) as query:
            live = {user.user: user.sessions for user in choose(list_users(query, database.engine))}
            shut_out(query, database.engine, sorted(live))
            after, inside = choose(list_users(query, database.engine)), still_in(query, database.engine)
    except DeployerError as error:
        return ShutOut(name, problem=error.message, hint=error.hint)
    meant = {user.user for user in after} | set(live)
    left = tuple(user for user in inside if user.user in meant)
    return ShutOut(name, tuple(sorted(live)), sum(live.values()), bool(live) and set(live) <= set(SUPPORTS), left)
