"""What `init` asks before the first `up`, and the defaults it stores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from generator.model.up import UpCaller


@dataclass(frozen=True)
class DefaultsPlan:
    """Defaults that would be stored in the user's own file: each name with its value.

    `sandbox`: they are of a stack in the sandbox, and would hold for an account of AWS as well.
    """

    path: str
    values: dict[str, str] = field(default_factory=dict)
    sandbox: bool = False


class FirstUpCaller(UpCaller, Protocol):
    """A caller that can be asked where to work."""

    @property
    def answered(self) -> bool:
        """Whether nothing is asked because --yes has answered it."""
        ...

    def once_confirmed(self, store: Callable[[], None]) -> None:
        """Call `store` as soon as a plan of the stack is agreed to."""
        ...

    def ask(self, question: str, default: str) -> str:
        """A line of text; the default where nothing is typed. Raises UsageError where nobody can be asked."""
        ...

    def pick(self, noun: str, names: Sequence[str]) -> str:
        """One of the names. Raises as `ask`."""
        ...

    def agrees(self, plan: DefaultsPlan) -> bool:
        """Show a plan, and ask whether to carry it out."""
        ...
