"""Results of doctor's checks: one line each, and the command that fixes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The result of a check."""

    OK = "ok"
    MISSING = "missing"
    NOTE = "note"  # not needed, or not wrong
    UNKNOWN = "unknown"  # could not be checked


@dataclass(frozen=True)
class Diagnosis:
    """One check. `hint` is the command that fixes it, empty if nothing is wrong."""

    subject: str
    verdict: Verdict
    answer: str
    hint: str = ""
