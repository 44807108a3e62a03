"""What a verb asks of whoever called it: to show a plan, to confirm it, to follow events, to say a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from generator.model.stack import StackEvent


class Caller(Protocol):
    """The other end of a verb. The command line is one, a test another; none of them decides what the verb does.

    A verb hands over values. Which words, tables or terminals they become is the caller's business.
    """

    def show(self, plan: object) -> None:
        """Show a plan, or the state of something that is being waited for."""
        ...

    def confirm(self, plan: object) -> None:
        """Return if the plan may be carried out. Raises Declined, and UsageError where nobody can be asked."""
        ...

    def events(self, events: Iterable[StackEvent]) -> None:
        """Show a stack's events as they come, to the last. Raises what the iteration raises."""
        ...

    def say(self, sentence: str) -> None:
        """Pass on one sentence about what is being done."""
        ...


class SecretCaller(Protocol):
    """A caller that decides whether a secret may be shown where its output goes."""

    def allow_secret(self, secret: str) -> None:
        """Return if `secret`, its name in words, may be read and shown. Raises Declined and UsageError."""
        ...
