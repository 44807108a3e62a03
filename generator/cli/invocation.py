"""One call of the command line: the common options, and the two streams. Results go to stdout, the story to stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from generator.cli.sanitize import tell
from generator.errors import Declined, UsageError
from generator.model.deployment import DEFAULT_STACK_NAME, Deployment

if TYPE_CHECKING:
    from generator.model.location import Location
    from generator.operations.aws import Gateway


class OutputFormat(StrEnum):
    """How a command prints its result."""

    text = "text"
    json = "json"


@dataclass
class Invocation:
    """What every command is given: where to work, how to print, whether to ask."""

    command: str = ""
    profile: str | None = None
    region: str | None = None
    stack_name: str = DEFAULT_STACK_NAME
    output: OutputFormat = OutputFormat.text
    yes: bool = False
    env: str = ""
    debug: bool = False
    changes: bool = False
    """Whether the command changes something in AWS: its result then says where."""

    @property
    def deployment(self) -> Deployment:
        """The stack this call is about."""
        return Deployment(stack_name=self.stack_name, profile=self.profile, region=self.region)

    @cached_property
    def gateway(self) -> Gateway:
        """The way to AWS, opened on first use."""
        from generator.operations.aws import open_gateway

        return open_gateway(self.deployment, self.say)

    @property
    def opened(self) -> bool:
        """Whether AWS has been turned to."""
        return "gateway" in self.__dict__

    @property
    def location(self) -> Location:
        """Account, region and whose AWS: no call where a stack was described, else one."""
        return self.gateway.location()

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked: a terminal on both ends, and no --yes."""
        return sys.stdin.isatty() and sys.stderr.isatty() and not self.yes

    def say(self, line: str = "") -> None:
        """Tell the story, one line, on stderr."""
        tell(line)

    def show_plan(self, action: str, lines: Iterable[str]) -> None:
        """Tell what is planned, headed by the action and where it would happen: `Update the stack s in account …:`."""
        self.say(f"{action} {self.location}:")
        for line in lines:
            self.say(line)

    def ask(self, question: str, default: str = "", instead: str = "Give the value as an option.") -> str:
        """Ask for a line at the terminal. Raises UsageError where there is none; `instead` is its hint."""
        if not self.interactive:
            raise UsageError(f"There is no terminal to ask: {question}", instead)
        shown = f"{question} [{default}] " if default else f"{question} "
        tell(shown, end="")
        return input().strip() or default

    def confirm(self, action: str, note: str = "") -> None:
        """Ask whether to do `action`, an imperative like `Update the stack s`; the question says where in AWS.

        --yes answers it. Raises Declined, or UsageError without a terminal.
        """
        if not self.yes:
            self._confirm(" ".join(filter(None, (f"{action} {self.location}?", note))))

    def confirm_here(self, question: str) -> None:
        """Ask about something on this computer. Raises as `confirm`."""
        if not self.yes:
            self._confirm(question)

    def confirm_name(self, action: str, name: str) -> None:
        """Ask to type the name of what is to be lost. Raises as `confirm`."""
        if self.yes:
            return
        question = f"{action} {self.location}? Type its name, {name}:"
        if self.ask(question, instead="Add --yes to go on without asking.") != name:
            raise Declined("Nothing was changed: that is not its name.")

    def _confirm(self, question: str) -> None:
        if not self.interactive:
            raise UsageError(
                f"Nobody can answer here: {question}", "Add --yes to go on without asking.", code="needs-yes"
            )
        if self.ask(f"{question} [y/N]").lower() not in ("y", "yes"):
            raise Declined("Nothing was changed, as you said no.")
