"""What users own in the server's other databases: named there, and given up before a user is dropped. PostgreSQL's.

A role belongs to the server, and what it owns to a database, which only a connection to that one can name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from generator.errors import DeployerError
from generator.host.drivers import Query
from generator.model.database import Engine
from generator.model.database_changes import OwnedObject
from generator.operations.database import postgresql, postgresql_owned
from generator.operations.database.connection import Connect
from generator.operations.database.error_messages import LOST


def owned_elsewhere(connect: Connect, query: Query, engine: Engine, users: Sequence[str]) -> tuple[OwnedObject, ...]:
    """What these users own in the other databases; how many there are, where a database does not let the master in."""
    if not users or engine is Engine.MYSQL:
        return ()
    counted: dict[str, dict[str, int]] = {}
    for user, name, count in query(postgresql_owned.owned_elsewhere(users)):
        counted.setdefault(str(name), {})[str(user)] = int(count)
    return tuple(each for name, counts in counted.items() for each in _in(connect, name, counts))


def _in(connect: Connect, name: str, counts: dict[str, int]) -> Iterator[OwnedObject]:
    try:
        with connect(name) as query:
            rows = query(postgresql_owned.owned(tuple(counts), shared=False))
    except DeployerError:
        for user, count in counts.items():
            yield OwnedObject(
                user,
                f"{count} object{'s' if count > 1 else ''}",
                False,
                name,
                postgresql_owned.naming(user),
                named=False,
            )
        return
    for user, what, runs, sql in rows:
        yield OwnedObject(str(user), str(what), bool(runs), name, remedy=str(sql))


def give_up(connect: Connect, query: Query, engine: Engine, user: str) -> None:
    """Give what the user owns in the other databases to the master user, and take the user's rights there: PostgreSQL
    drops no role that has either. Raises DeployerError naming a database that does not let the master user."""
    if engine is Engine.MYSQL:
        return
    for (name,) in query(postgresql_owned.other_databases(user)):
        try:
            with connect(str(name)) as beside:
                beside(postgresql.give_up(user))
        except DeployerError as error:
            if error.code in LOST:
                raise error.explained(
                    f"{user} was not dropped: the connection to the database {name}, where it owns something or has "
                    "rights, was lost.",
                    hint="Run the same command again: it does what is missing.",
                ) from error
            raise DeployerError(
                f"{user} was not dropped: it owns something or has rights in the database {name}, where this failed: "
                f"{error.message}",
                f"Let the master user connect to {name}, then run the command again.",
                code="not-dropped",
            ) from error
