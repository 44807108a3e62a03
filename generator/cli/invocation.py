"""One call of the command line: the common options, and the two streams. Results go to stdout, the story to stderr."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from generator.cli.sanitize import tell
from generator.errors import Declined, UsageError
from generator.model.deployment import DEFAULT_STACK_NAME, Deployment

if TYPE_CHECKING:
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
    story: list[str] = field(default_factory=list, repr=False)

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
    def interactive(self) -> bool:
        """Whether a person can be asked: a terminal on both ends, and no --yes."""
        return sys.stdin.isatty() and sys.stderr.isatty() and not self.yes

    def say(self, line: str = "") -> None:
        """Tell the story, one line, on stderr."""
        tell(line)

    def ask(self, question: str, default: str = "", instead: str = "Give the value as an option.") -> str:
        """Ask for a line at the terminal. Raises UsageError where there is none; `instead` is its hint."""
        if not self.interactive:
            raise UsageError(f"There is no terminal to ask: {question}", instead)
        shown = f"{question} [{default}] " if default else f"{question} "
        tell(shown, end="")
        return input().strip() or default

    def confirm(self, question: str) -> None:
        """Go on only when the answer is yes; --yes answers it. Raises Declined, or UsageError without a terminal."""
        if self.yes:
            return
        if not self.interactive:
            raise UsageError(
                f"Nobody can answer here: {question}", "Add --yes to go on without asking.", code="needs-yes"
            )
        if self.ask(f"{question} [y/N]").lower() not in ("y", "yes"):
            raise Declined("Nothing was changed, as you said no.")
