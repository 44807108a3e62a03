"""The words of a kind of plan: its lines, its heading, its question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

P = TypeVar("P")


def _nothing_to_ask(plan: object) -> str:
    raise TypeError(f"{type(plan).__name__} is shown and not asked about")


@dataclass(frozen=True)
class PlanView(Generic[P]):
    """The words of a kind of plan. Place, streams and answers are the invocation's.

    `action` heads the lines and is followed by the place in AWS; without it there is no heading. `question` is an
    imperative as well, and `note` what follows it; with `typed_name` the answer is that name and not yes.
    """

    lines: Callable[[P], list[str]]
    question: Callable[[P], str] = _nothing_to_ask
    action: Callable[[P], str] | None = None
    typed_name: Callable[[P], str] | None = None
    note: Callable[[P], str] = lambda plan: ""
