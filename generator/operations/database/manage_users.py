"""`db bootstrap`, `db drop-user` and `db users`: the users with an access level, created, dropped and listed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from generator.errors import DeployerError, NotFound, UsageError
from generator.gateway.aws import Gateway
from generator.host.drivers import Query
from generator.model.caller import Caller
from generator.model.database import (
    FULL_WRITE_ROLE,
    SUPPORT_DATABASE_USER,
    AccessLevel,
    Database,
    DatabaseUser,
    Engine,
)
from generator.model.database_changes import BootstrapPlan, BootstrapResult, DropUserPlan, DropUserResult, SqlScript
from generator.operations.database import other_databases, users
from generator.operations.database.connection import as_caller, as_master, master_connections
from generator.operations.database.leavers import owned_by_leavers
from generator.operations.database.lookup import find_database
from generator.operations.database.request import DatabaseRequest, MasterRequest
from generator.operations.database.user_names import user_name


def bootstrap(
    gateway: Gateway, request: MasterRequest, wanted: Sequence[str], caller: Caller
) -> BootstrapResult | SqlScript:
    """Create the roles of the access levels and the users `wanted` (NAME=LEVELS); return them, or the script alone.

    Can be run again: it also unlocks users. Raises UsageError, NotFound, Declined, and DeployerError when the database
    refuses, or does not accept a user's tokens afterwards (`not-created`).
    """
    plan = _plan_bootstrap(gateway, request, wanted)
    if request.print_only:
        return SqlScript(plan.sql)
    caller.show(plan)
    caller.confirm(plan)
    with as_master(gateway, plan.database, request, caller.say) as query:
        query(plan.sql)
        _verify(plan, users.query_users(query, plan.database.engine))
        require_full_writes(query, plan.database, plan.full)
    return BootstrapResult(plan.database.name, plan.users, plan.full)


def _plan_bootstrap(gateway: Gateway, request: MasterRequest, wanted: Sequence[str]) -> BootstrapPlan:
    database = find_database(gateway, request.database)
    named, full = users.parse_users(wanted, database.engine), users.full_writers(wanted, database.engine)
    if not named and database.engine is Engine.MYSQL:
        raise UsageError(
            "No user was named, and in MySQL an access level has no role of its own.",
            "Name a user: --for NAME=r",
            code="needs-user",
        )
    return BootstrapPlan(database, named, users.bootstrap_sql(database, named, full), full)


def _verify(plan: BootstrapPlan, listed: Sequence[DatabaseUser]) -> None:
    accepted = {user.user for user in listed if user.tokens}
    if missing := sorted(set(plan.users) - accepted):
        raise DeployerError(
            f"The script ran, but {plan.database.name} does not accept tokens for {', '.join(missing)}.",
            "See its users with: deployer db users --permission o",
            code="not-created",
        )


def require_full_writes(query: Query, database: Database, full: Collection[str]) -> None:
    """Raise DeployerError where a full `w` may not create: a master user who does not own the database cannot grant it.

    PostgreSQL then answers with a warning, and goes on.
    """
    if full and not users.may_create(query, database.engine):
        raise DeployerError(
            f"The users were made, but w may not create in {database.name}: the master user does not own the database "
            f"{database.database}.",
            f"As its owner: GRANT ALL PRIVILEGES ON DATABASE {database.database} TO {FULL_WRITE_ROLE}; or limit the "
            "people to data: --for NAME=w:data",
            code="not-created",
        )


def drop_user(
    gateway: Gateway, request: MasterRequest, user: str, support: AccessLevel | None, caller: Caller
) -> DropUserResult | SqlScript:
    """Drop the user named, or the vendor's of the access level `support`; return who was dropped, or the script alone.

    Its sessions end, and what it owned goes to the master user. Raises NotFound, Declined, and DeployerError where
    something of it would run with that one's rights (`runs-as-owner`), or when the database refuses or lists the user
    afterwards (`not-dropped`).
    """
    plan = _plan_drop_user(gateway, request, user, support)
    if request.print_only:
        return SqlScript(users.printed_drop(plan.database, plan.user))
    caller.show(plan)
    caller.confirm(plan)
    engine, name = plan.database.engine, plan.database.name
    with master_connections(gateway, plan.database, request, caller.say) as connect, connect("") as query:
        if not _is_listed(plan.user, users.query_users(query, engine)):
            raise no_such_user(name, plan.user, "dropped")
        owned_by_leavers(connect, query, plan.database, [plan.user])
        other_databases.give_up(connect, query, engine, plan.user)
        users.drop_user(query, engine, plan.user)
        with users.lost_while(f"it was checked that {plan.user} is gone: it was dropped", again=False):
            listed = users.query_users(query, engine)
        if _is_listed(plan.user, listed):
            raise DeployerError(
                f"{name} still lists {plan.user}.",
                "Run the command again.",
                code="not-dropped",
            )
    return DropUserResult(name, plan.user)


def _plan_drop_user(gateway: Gateway, request: MasterRequest, user: str, support: AccessLevel | None) -> DropUserPlan:
    database = find_database(gateway, request.database)
    user = user_name(SUPPORT_DATABASE_USER, support, database.engine) if support else user
    return DropUserPlan(database, user, users.drop_user_sql(database, user))


def _is_listed(user: str, listed: Sequence[DatabaseUser]) -> bool:
    return user in {each.user for each in listed}


def no_such_user(database: str, user: str, done: str) -> NotFound:
    """The error for a user without an access level; `done` is what therefore was not done to anybody."""
    return NotFound(
        f"{database} has no user {user} with an access level, so nothing was {done}.",
        "List them with: deployer db users",
        code="no-such-user",
    )


def list_users(gateway: Gateway, request: DatabaseRequest, caller: Caller) -> list[DatabaseUser]:
    """The users with an access level. Raises what `as_caller` raises, and DeployerError for a level that may not."""
    with as_caller(gateway, request, caller.say) as (login, query):
        return users.query_users(query, login.database.engine)
