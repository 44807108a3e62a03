"""Database user names: one user per identity and access level, so that an IAM policy can distinguish them.

The name is that of the IAM user or role session, `_` and the access level's letter: alice_r, bob@example.com_o. So
`rds-db:connect` on `…:dbuser:cluster-X/*_r` allows reading and nothing else, and `…/${aws:username}_r` one person.
"""

from __future__ import annotations

import hashlib
import re

from generator.errors import UsageError
from generator.model.arn import Arn
from generator.model.database import AccessLevel, Engine

# IAM user and role session names (IAM API reference): letters, digits and + = , . @ _ -
_IDENTITY = re.compile(r"[\w+=,.@-]+", re.ASCII)
_HASH = 8


def identity_of(caller_arn: str) -> str:
    """The name in an ARN from sts:GetCallerIdentity: of the user, role session or federated user. Raises UsageError."""
    arn = Arn.find(caller_arn)
    identity = arn.last_name if arn else ""
    if not _IDENTITY.fullmatch(identity):
        raise UsageError(
            f"No database user can be derived from {caller_arn or 'an empty identity'}.",
            "Name the database user with --user.",
        )
    return identity


def user_name(identity: str, level: AccessLevel, engine: Engine) -> str:
    """The database user of an identity and access level. A name over the engine's limit is cut and gets a hash.

    Raises UsageError for a name that IAM would not accept either.
    """
    if not _IDENTITY.fullmatch(identity):
        raise UsageError(
            f"{identity!r} cannot be part of a database user name, which may contain letters, digits and + = , . @ _ -",
            "Choose another name: --for NAME=LEVELS",
        )
    suffix = f"_{level.value}"
    room = engine.name_limit - len(suffix)
    if len(identity) > room:
        mark = hashlib.sha256(identity.encode()).hexdigest()[:_HASH]
        identity = f"{identity[: room - _HASH - 1]}-{mark}"
    return identity + suffix


def level_of(user: str) -> AccessLevel | None:
    """The access level in a user's name; None for a user that is not named by this scheme."""
    stem, _, letter = user.rpartition("_")
    return AccessLevel(letter) if stem and letter in {level.value for level in AccessLevel} else None
