"""A caller for verbs that nothing may stop: what cannot be shown is not shown, and the verb goes on.

Whoever reads the output may go away (`2>&1 | head`), and a disk that takes it may be full. Neither is a reason to leave
the vendor in.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from generator.model.caller import Caller
from generator.model.stack import StackEvent


class BestEffortCaller:
    """Shows and says through another caller as long as that works. Questions are not asked here."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def show(self, plan: object) -> None:
        """Show a value, if it can be shown."""
        with suppress(OSError):
            self._caller.show(plan)

    def say(self, sentence: str) -> None:
        """Say a sentence, if it can be said."""
        with suppress(OSError):
            self._caller.say(sentence)

    def events(self, events: Iterable[StackEvent]) -> None:
        """Follow the events to the last, shown or not. Raises what the iteration raises."""
        following = iter(events)
        with suppress(OSError):
            self._caller.events(following)
        for _ in following:  # nothing is left of it unless showing failed
            pass
