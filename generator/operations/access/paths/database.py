"""Support's user in the database that the stack knows. Pure: only a revocation asks the database itself."""

from __future__ import annotations

from datetime import datetime

from generator.model.access_path import AccessPath, PathKind, PathReading
from generator.model.command_line import CommandLine
from generator.model.reading import Reading
from generator.operations.access.database_lockdown import endpoint_of, next_step
from generator.operations.access.readings import absent
from generator.operations.access.stack_access import StackAccess

SEEN = "cloudformation:DescribeStacks"


def database(access: StackAccess, commands: CommandLine, now: datetime) -> PathReading:
    """A path for who support may sign in as, whether or not the database has that user now."""
    if not endpoint_of(access.stack):
        return absent(SEEN, "the stack has no database")
    if not access.database_user:
        return Reading(SEEN, now, ())
    until = access.grant.until
    path = AccessPath(
        PathKind.DATABASE_USER,
        access.database,
        access.support_user or access.support_role,
        SEEN,
        next_step(commands),
        until=until,
        opens=bool(access.grant.principals),
        by_stack=True,
    )
    return Reading(SEEN, now, (path,))
