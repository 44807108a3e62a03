"""Revocation inside the database: IAM only stops new connections, so sessions are ended and the users locked.

In PostgreSQL the user gets NOLOGIN and loses rds_iam; in MySQL the account is locked. `db bootstrap` undoes either.
"""

from __future__ import annotations

from collections.abc import Callable

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.model.caller import Caller
from generator.model.database import DatabaseUser
from generator.model.database_changes import SUPPORT_USERS, ShutOut, ShutOutPlan
from generator.operations.database.connection import as_master
from generator.operations.database.lookup import find_database
from generator.operations.database.manage_users import no_such_user
from generator.operations.database.request import DatabaseRequest, MasterRequest
from generator.operations.database.tunnel import Tunnel
from generator.operations.database.users import query_users, shut_out_users, still_in

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
        raise DeployerError(
            f"No access to {result.database} was revoked: {result.problem}", result.hint, code="not-shut-out"
        )
    if len(users) == 1 and not result.ended:
        raise no_such_user(result.database, users[0], "revoked")
    return result


def shut_support_out(
    gateway: Gateway, request: DatabaseRequest, password: str = "", tunnel: Tunnel | None = None
) -> ShutOut:
    """Lock the users that `supports_among` selects, end their sessions, and check the result.

    Never raises for a database that cannot be reached: a revocation continues and reports it.
    """
    return _lock(gateway, MasterRequest(request, password), supports_among, tunnel=tunnel)


def supports_among(users: Users) -> Users:
    """The vendor's users; if it has none, all users, as any of them may belong to its people. Pure."""
    return [user for user in users if user.user in SUPPORT_USERS] or users


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
    name = request.database.name or request.database.endpoint or "the stack's database"
    try:
        database = find_database(gateway, request.database)
        name = database.name
        with as_master(gateway, database, request, say, tunnel) as query:
            sessions = {user.user: user.sessions for user in choose(query_users(query, database.engine))}
            shut_out_users(query, database.engine, sorted(sessions))
            after, able = choose(query_users(query, database.engine)), still_in(query, database.engine)
    except DeployerError as error:
        return ShutOut(name, problem=error.message, hint=error.hint)
    chosen = {user.user for user in after} | set(sessions)
    left = tuple(user for user in able if user.user in chosen)
    only_support = bool(sessions) and set(sessions) <= set(SUPPORT_USERS)
    return ShutOut(name, tuple(sorted(sessions)), sum(sessions.values()), only_support, left)
