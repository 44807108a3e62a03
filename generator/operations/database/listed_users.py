"""`db bootstrap` by a list of people, which may be in the user's own configuration: the difference comes first."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from generator.errors import DeployerError, NotFound, UsageError
from generator.gateway.aws import Gateway
from generator.host.drivers import Query
from generator.model.caller import Caller
from generator.model.database import FULL_WRITE_ROLE, AccessLevel, Database, DatabaseUser
from generator.model.database_changes import (
    SUPPORT_USERS,
    BootstrapResult,
    ListedUsersPlan,
    ListedUsersResult,
    SqlScript,
)
from generator.operations.database import manage_users, other_databases, users
from generator.operations.database.connection import Connect, master_connections
from generator.operations.database.leavers import owned_by_leavers
from generator.operations.database.lookup import find_database
from generator.operations.database.request import MasterRequest


@dataclass(frozen=True)
class People:
    """Who is to be a user: those named one by one (NAME=LEVELS), or with `by_list` all of a list, without those to
    drop."""

    named: tuple[str, ...] = ()
    listed: str = ""
    drop: tuple[str, ...] = ()
    by_list: bool = False


def bootstrap(
    gateway: Gateway, request: MasterRequest, people: People, caller: Caller
) -> BootstrapResult | ListedUsersResult | SqlScript:
    """Create the users named, or bring all to the list. Raises what `manage_users.bootstrap` and `bootstrap_listed`
    raise."""
    if people.by_list:
        return bootstrap_listed(gateway, request, people.listed, people.drop, caller)
    return manage_users.bootstrap(gateway, request, people.named, caller)


def bootstrap_listed(
    gateway: Gateway, request: MasterRequest, listed: str, drop: Sequence[str], caller: Caller
) -> ListedUsersResult | SqlScript:
    """Bring the database's users to the list (`alice=rw, bob=o`), and drop those named; others stay as they are.

    The difference is shown before anything is changed; who is locked stays locked. Returns the script of the whole list
    with `print_only`, and those that drop. Raises UsageError, also for the vendor's users, NotFound for a user to drop
    that is not there, Declined, and DeployerError when the database refuses.
    """
    database = find_database(gateway, request.database)
    pairs = [pair.strip() for pair in listed.split(",") if pair.strip()]
    wanted, full = users.parse_users(pairs, database.engine), users.full_writers(pairs, database.engine)
    if support := sorted(set(SUPPORT_USERS) & set(wanted)):
        raise UsageError(
            f"{support[0]} is the vendor's, and a list would let it in again after a revocation.",
            "Take it out of the list, and let it in by name: deployer db bootstrap --support --permission r",
        )
    if both := sorted(set(drop) & set(wanted)):
        raise UsageError(f"{both[0]} is to be dropped, and is in your list.", "Take it out of the list first.")
    if request.print_only:
        dropped = (users.printed_drop(database, user) for user in drop)
        return SqlScript("".join((users.bootstrap_sql(database, wanted, full), *dropped)))
    with master_connections(gateway, database, request, caller.say) as connect, connect("") as query:
        plan = difference(database, wanted, full, users.query_users(query, database.engine), drop)
        plan = replace(plan, owned=tuple(owned_by_leavers(connect, query, database, plan.dropped)))
        caller.show(plan)
        if plan.changes:
            caller.confirm(plan)
            _apply(connect, query, plan)
    return ListedUsersResult(database.name, plan.made, plan.dropped, plan.others, plan.locked)


def difference(
    database: Database,
    wanted: Mapping[str, AccessLevel],
    full: Collection[str],
    present: Sequence[DatabaseUser],
    drop: Sequence[str],
) -> ListedUsersPlan:
    """What has to be made, what is as it should be, what goes, who is locked, and whom the list does not name. Pure.

    Raises NotFound for a user to drop that is not there. Support's users are no part of the list.
    """
    known: dict[str, list[DatabaseUser]] = {}
    for user in present:
        known.setdefault(user.user, []).append(user)
    if missing := [name for name in drop if name not in known]:
        raise NotFound(
            f"{database.name} has no user {missing[0]} with an access level, so nothing was changed.",
            "List them with: deployer db users",
            code="no-such-user",
        )
    locked = sorted(name for name in set(wanted) & set(known) if not any(user.tokens for user in known[name]))
    made = {
        name: level
        for name, level in wanted.items()
        if name not in locked and not _is_as_wanted(known.get(name, ()), level, name in full, database)
    }
    others = sorted(set(known) - set(wanted) - set(drop) - set(SUPPORT_USERS))
    return ListedUsersPlan(
        database,
        made,
        frozenset(full) & set(made),
        tuple(sorted(set(made) & set(known))),
        tuple(sorted(set(wanted) - set(made) - set(locked))),
        tuple(drop),
        tuple(others),
        locked=tuple(locked),
    )


def _is_as_wanted(present: Sequence[DatabaseUser], level: AccessLevel, full: bool, database: Database) -> bool:
    """Whether it is there with that one role of ours; MySQL shows no role, so there a `w` is made again."""
    if not present:
        return False
    if database.engine.has_roles:
        return {user.role for user in present} == {FULL_WRITE_ROLE if full else level.role}
    return level is not AccessLevel.WRITE


def _apply(connect: Connect, query: Query, plan: ListedUsersPlan) -> None:
    engine = plan.database.engine
    if plan.made:
        query(users.bootstrap_sql(plan.database, plan.made, plan.full))
        manage_users.require_full_writes(query, plan.database, plan.full)
    for name in plan.dropped:
        other_databases.give_up(connect, query, engine, name)
        users.drop_user(query, engine, name)
    accepted = {user.user for user in users.query_users(query, engine) if user.tokens}
    if wrong := sorted((set(plan.made) - accepted) | (set(plan.dropped) & accepted)):
        raise DeployerError(
            f"The script ran, but {plan.database.name} does not have {', '.join(wrong)} as it should.",
            "See its users with: deployer db users --permission o",
            code="not-created",
        )
