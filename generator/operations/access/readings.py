"""Asking AWS one thing, whatever comes back; and doing several things, each although another has failed."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from generator.errors import AwsError, DeployerError, NotFound
from generator.model.reading import Problem, Reading
from generator.operations.clock import SYSTEM, Clock

T = TypeVar("T")
PACKAGE = Path(__file__).parents[2]


class NotUnderstood(Exception):
    """An answer has a shape nobody knows. Its text names no value of the answer."""


@dataclass(frozen=True)
class Fault:
    """What an exception says, in words that hold no value of an answer: it may have been a secret."""

    problem: Problem
    detail: str
    operation: str = ""
    hint: str = ""


def read(asked: str, ask: Callable[[], T], clock: Clock = SYSTEM) -> Reading[T]:
    """Ask, and give what came, or why nothing did. `asked` are IAM actions (`iam:ListAccessKeys`). Never raises."""
    try:
        return Reading(asked, clock.now(), ask())
    except Exception as error:  # evidence: an answer that nobody understands is recorded, not raised
        fault = fault_of(error)
        permission = permission_of(asked, fault) if fault.problem is Problem.REFUSED else ""
        return Reading(asked, clock.now(), None, fault.problem, fault.detail, permission, fault.hint)


def absent(asked: str, why: str, clock: Clock = SYSTEM) -> Reading[T]:
    """The stack has no such thing, so nothing was asked."""
    return Reading(asked, clock.now(), problem=Problem.ABSENT, detail=why)


def do_all(acts: Iterable[Callable[[], object]]) -> None:
    """Do each, also after one has failed; then raise what the first that failed raised."""
    failures = []
    for act in acts:
        try:
            act()
        except Exception as error:  # the others still have to be done; raised below
            failures.append(error)
    if failures:
        raise failures[0]


def fault_of(error: Exception) -> Fault:
    """What an exception means for a proof. Of one that is not ours only the kind and the place are shown."""
    if isinstance(error, NotFound):
        return Fault(Problem.GONE, error.message)
    if isinstance(error, AwsError):
        problem = Problem.REFUSED if error.denied else Problem.TRANSIENT if error.transient else Problem.FAILED
        return Fault(problem, error.message, error.operation, error.hint)
    if isinstance(error, DeployerError):
        return Fault(Problem.FAILED, error.message, hint=error.hint)
    if isinstance(error, NotUnderstood):
        return Fault(Problem.UNREADABLE, str(error))
    return Fault(Problem.UNREADABLE, f"an answer was not understood ({type(error).__name__} at {_place(error)})")


def permission_of(asked: str, fault: Fault) -> str:
    """The IAM action that was refused: the operation AWS named, with the service of the actions that were asked."""
    service, colon, _ = asked.partition(":")
    return f"{service}:{fault.operation}" if colon and fault.operation else fault.operation or asked


def _place(error: Exception) -> str:
    """The last line of this program that it went through."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if PACKAGE in Path(frame.filename).parents]
    return f"{Path(frames[-1].filename).relative_to(PACKAGE)}:{frames[-1].lineno}" if frames else "an unknown place"
