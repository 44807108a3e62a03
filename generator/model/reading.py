"""What one question to AWS gave: a value, or why there is none. A refusal is an answer too, and is judged as one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


class Problem(StrEnum):
    """Why a reading has no value."""

    ABSENT = "absent"
    """The stack has no such thing, so nothing was asked."""
    GONE = "gone"
    REFUSED = "refused"
    TRANSIENT = "transient"
    """AWS limited the rate of calls, failed or was out of reach, to the last attempt."""
    UNREADABLE = "unreadable"
    """There was an answer, and it was not understood."""
    FAILED = "failed"


@dataclass(frozen=True)
class Reading(Generic[T_co]):
    """One question. `asked` names the API calls, `detail` says in words what came instead of a value.

    `permission` is the IAM action that was refused (empty: no refusal), `hint` the next step where the failure itself
    knows one, `at` when the answer came (UTC).
    """

    asked: str
    at: datetime
    value: T_co | None = None
    problem: Problem | None = None
    detail: str = ""
    permission: str = ""
    hint: str = ""

    def unanswered(self) -> Reading[Any]:
        """The same without a value: the answer to a question that could not be asked for want of this one."""
        return replace(self, value=None)

    @property
    def gone(self) -> bool:
        """Whether AWS says that the thing does not exist."""
        return self.problem is Problem.GONE

    @property
    def absent(self) -> bool:
        """Whether the stack has no such thing."""
        return self.problem is Problem.ABSENT
