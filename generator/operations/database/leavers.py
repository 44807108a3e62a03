"""What keeps a user from being dropped: something that would run with the rights of its next owner, unseen.

The reasons: docs/decisions/0077-what-runs-with-its-owners-rights.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from generator.errors import DeployerError
from generator.host.drivers import Query
from generator.model.database import Database, Engine
from generator.model.database_changes import OwnedObject
from generator.operations.database.connection import Connect
from generator.operations.database.other_databases import owned_elsewhere
from generator.operations.database.sql import identifier
from generator.operations.database.users import owned_by


def owned_by_leavers(connect: Connect, query: Query, database: Database, users: Sequence[str]) -> list[OwnedObject]:
    """What these users own in all databases of the server, which the master user gets.

    Raises DeployerError (`runs-as-owner`) where something of it would run with the master user's rights, where a
    database does not say, and, in MySQL, for a definer: a user made later under the same name would be that again.
    """
    engine = database.engine
    owned = [*owned_by(query, engine, users), *owned_elsewhere(connect, query, engine, users)]
    unsafe = [each for each in owned if engine is Engine.MYSQL or each.runs_as_owner or not each.named]
    if unsafe:
        raise _refusal(database, unsafe)
    return owned


def _refusal(database: Database, unsafe: Sequence[OwnedObject]) -> DeployerError:
    users = ", ".join(dict.fromkeys(each.user for each in unsafe))
    what = ", ".join(f"{each.what} in {each.database}" if each.database else each.what for each in unsafe)
    if database.engine is Engine.MYSQL:
        message = f"{users} was not dropped: it is the definer of {what}."
    elif all(each.runs_as_owner for each in unsafe):
        message = f"{users} was not dropped: this would run with the master user's rights: {what}."
    else:
        message = f"{users} was not dropped: this would or could run with the master user's rights: {what}."
    return DeployerError(message, "\n".join(_remedies(database, unsafe)), code="runs-as-owner")


def _remedies(database: Database, unsafe: Sequence[OwnedObject]) -> Iterator[str]:
    """What to do, a line each, as shut-out says it."""
    if database.engine is Engine.MYSQL:
        yield f"See the statements for each with: deployer db shut-out {database.name} --only {unsafe[0].user}"
        yield "Then run the command again."
        return
    yield "As the master user, take away its owner's rights:"
    for user, name in dict.fromkeys((each.user, each.database) for each in unsafe):
        yield f"  in the database {name or database.database}: GRANT {identifier(user)} TO CURRENT_USER;"
        for each in unsafe:
            if (each.user, each.database) == (user, name):
                yield f"    {each.remedy};" if each.remedy else f"    -- let the master user connect: {each.what}"
    yield f'Or give it to whom it shall run as: REASSIGN OWNED BY {identifier(unsafe[0].user)} TO "OTHER"'
    yield "Then run the command again."
