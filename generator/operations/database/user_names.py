"""Who a caller is in the database: one user per person and grade, named so that an IAM policy can tell them apart.

The name is the IAM user's or the role session's own name, `_` and the grade's letter: alice_r, bob@example.com_o. So
`rds-db:connect` on `…:dbuser:cluster-X/*_r` permits reading and nothing else, and `…/${aws:username}_r` one person.
"""

from __future__ import annotations

import hashlib
import re

from generator.errors import UsageError
from generator.model.arn import Arn
from generator.model.database import Engine, Grade

# IAM user and role session names (IAM API reference): letters, digits and + = , . @ _ -
_PERSON = re.compile(r"[\w+=,.@-]+", re.ASCII)
_HASH = 8


def person_of(caller_arn: str) -> str:
    """The person behind an ARN of sts:GetCallerIdentity: the user's, the role session's or the federated name."""
    arn = Arn.find(caller_arn)
    person = arn.last_name if arn else ""
    if not _PERSON.fullmatch(person):
        raise UsageError(
            f"No database user can be derived from {caller_arn or 'an empty identity'}.",
            "Name the database user with --user.",
        )
    return person


def user_name(person: str, grade: Grade, engine: Engine) -> str:
    """The database user of a person and grade. A name over the engine's limit is cut and marked with its hash.

    Raises UsageError for a name that IAM would not have either.
    """
    if not _PERSON.fullmatch(person):
        raise UsageError(
            f"{person!r} cannot be part of a database user: letters a to z and A to Z, digits and + = , . @ _ - can.",
            "Choose another name: --for NAME=GRADES",
        )
    suffix = f"_{grade.value}"
    room = engine.name_limit - len(suffix)
    if len(person) > room:
        mark = hashlib.sha256(person.encode()).hexdigest()[:_HASH]
        person = f"{person[: room - _HASH - 1]}-{mark}"
    return person + suffix


def grade_of(user: str) -> Grade | None:
    """The grade a user's name ends in, or None for a user this scheme did not name."""
    stem, _, letter = user.rpartition("_")
    return Grade(letter) if stem and letter in {grade.value for grade in Grade} else None
