"""The support user's access keys. Pure: a revocation reads them before and after it acts."""

from __future__ import annotations

from datetime import datetime

from generator.model.access import AccessKey
from generator.model.access_path import AccessPath, PathKind, PathReading
from generator.model.command_line import CommandLine
from generator.model.reading import Reading


def access_keys(
    keys: Reading[tuple[AccessKey, ...]], commands: CommandLine, until: datetime | None = None
) -> PathReading:
    """A path for each key. An inactive one opens nothing until somebody activates it. `until`: the grant's."""
    if keys.value is None:
        return keys.unanswered()
    return Reading(keys.asked, keys.at, tuple(_path(key, keys.asked, commands, until) for key in keys.value))


def _path(key: AccessKey, seen: str, commands: CommandLine, until: datetime | None) -> AccessPath:
    words = ("--user-name", key.user, "--access-key-id", key.key_id)
    return AccessPath(
        PathKind.ACCESS_KEY,
        key.key_id,
        key.user,
        seen,
        commands.aws("iam", "delete-access-key", *words),
        key.created,
        until,
        opens=key.active,
        detail=key.status,
        by_stack=True,
    )
