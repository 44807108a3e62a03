"""Revocation inside the database: IAM only stops new connections, so sessions are ended and the users locked.

In PostgreSQL the user gets NOLOGIN and loses rds_iam; in MySQL the account is locked. `db bootstrap` undoes either.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.host.drivers import Query
from generator.model.caller import Caller
from generator.model.database import AccessLevel, DatabaseUser, Engine
from generator.model.database_changes import SUPPORT_USERS, OwnedObject, ShutOut, ShutOutPlan
from generator.operations.database.connection import Connect, master_connections
from generator.operations.database.lookup import find_database
from generator.operations.database.manage_users import no_such_user
from generator.operations.database.other_databases import owned_elsewhere
from generator.operations.database.request import DatabaseRequest, MasterRequest
from generator.operations.database.tunnel import Tunnel
from generator.operations.database.user_names import user_name
from generator.operations.database.users import owned_by, query_users, shut_out_users, still_in, take_levels

Users = list[DatabaseUser]


def shut_out(gateway: Gateway, request: MasterRequest, users: tuple[str, ...], caller: Caller) -> ShutOut:
    """Lock the users named, or with none all that have an access level, end their sessions, and check the result.

    The result's `holds` is false if any of them can still connect. Raises NotFound for one user that does not exist,
    Declined, and DeployerError (`not-shut-out`) when nothing could be done.
    """
    plan = ShutOutPlan(find_database(gateway, request.database), users)
    caller.show(plan)
    caller.confirm(plan)
    result = _lock(gateway, request, lambda listed: [u for u in listed if not users or u.user in users], caller.say)
    if result.problem:
        done = "It is not known what was revoked in" if result.began else "No access was revoked to"
        raise DeployerError(f"{done} {result.database}: {result.problem}", result.hint, code="not-shut-out")
    if len(users) == 1 and not result.ended:
        raise no_such_user(result.database, users[0], "revoked")
    return result


def shut_support_out(
    gateway: Gateway, request: DatabaseRequest, password: str = "", tunnel: Tunnel | None = None, identity: str = ""
) -> ShutOut:
    """Lock the vendor's users, end their sessions, and check the result. `identity` is the name of the support user.

    Never raises for a database that cannot be reached: a revocation continues and reports it.
    """
    return _lock(gateway, MasterRequest(request, password), partial(supports_among, identity=identity), tunnel=tunnel)


def supports_among(users: Users, identity: str = "") -> Users:
    """The vendor's users, and those made for the support user by its name; nobody else's, also where it has none. Pure.

    Support's policies let it sign in as no other user (docs/decisions/0048-what-a-revocation-takes-in-a-database.md).
    """
    named = {user_name(identity, level, engine) for level in AccessLevel for engine in Engine} if identity else set()
    return [user for user in users if user.user in {*SUPPORT_USERS, *named}]


def _ignore(sentence: str) -> None:
    """Drop the sentence."""


def _lock(
    gateway: Gateway,
    request: MasterRequest,
    choose: Callable[[Users], Users],
    say: Callable[[str], None] = _ignore,
    tunnel: Tunnel | None = None,
) -> ShutOut:
    """As the master user, with the password given or RDS's own secret; a failure is the result's `problem`."""
    began = False
    name = request.database.name or request.database.endpoint or "the stack's database"
    try:
        database = find_database(gateway, request.database)
        name = database.name
        with master_connections(gateway, database, request, say, tunnel) as connect, connect("") as query:
            listed = query_users(query, database.engine)
            sessions = {user.user: user.sessions for user in choose(listed)}
            began = bool(sessions)
            shut_out_users(query, database.engine, sorted(sessions))
            after, able = choose(query_users(query, database.engine)), still_in(query, database.engine)
            owned, unsure = _left_behind(connect, query, database.engine, sorted(sessions))
    except DeployerError as error:
        return ShutOut(name, problem=error.message, hint=error.hint, began=began)
    chosen = {user.user for user in after} | set(sessions)
    left = tuple(user for user in able if user.user in chosen)
    others = tuple(sorted(user.user for user in listed if user.user not in sessions))
    ended = tuple(sorted(sessions))
    return ShutOut(
        name, ended, sum(sessions.values()), others, left, owned=owned, engine=database.engine, unsure=unsure
    )


def _left_behind(
    connect: Connect, query: Query, engine: Engine, users: list[str]
) -> tuple[tuple[OwnedObject, ...], tuple[str, ...]]:
    """What locked users own, without the rights of their access levels from now on; and what of that failed, and why.

    Never raises: the users are locked, whatever becomes of this.
    """
    owned: tuple[OwnedObject, ...] = ()
    unsure: list[str] = []
    try:
        take_levels(query, engine, users)
    except DeployerError as error:
        unsure.append(
            f"they keep the rights of their access levels, with which what they left may go on: {error.message}"
        )
    try:
        owned = (*owned_by(query, engine, users), *owned_elsewhere(connect, query, engine, users))
    except DeployerError as error:
        unsure.append(f"what they own could not be listed: {error.message}")
    return owned, tuple(unsure)
