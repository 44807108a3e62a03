"""One call of the command line: the common options, and the two streams. Results go to stdout, the story to stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from generator.cli.columns import Row
from generator.cli.next_step import completed
from generator.cli.render import OutputFormat
from generator.cli.sanitize import tell
from generator.errors import Declined, UsageError
from generator.model.deployment import DEFAULT_STACK_NAME, Deployment, StoredDocuments

if TYPE_CHECKING:
    from generator.model.location import Location
    from generator.model.stack import StackEvent
    from generator.operations.aws import Gateway


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
    shell_document: str = ""
    port_document: str = ""
    ssh_document: str = ""
    ssh_user: str = ""
    sandbox: bool = False
    """Whether it was typed behind `deployer --sandbox`."""
    typed: frozenset[str] = frozenset()
    """The command's own parameters that stand on the command line."""
    database: tuple[tuple[str, str], ...] = ()
    """What was typed of a database: options and values, its name under "" and first."""
    changes: bool = False
    """Whether the command changes something in AWS: its result then says where."""

    @property
    def deployment(self) -> Deployment:
        """The stack this call is about."""
        documents = StoredDocuments(self.shell_document, self.port_document, self.ssh_document)
        return Deployment(self.stack_name, self.profile, self.region, documents, self.ssh_user, self.sandbox)

    @cached_property
    def gateway(self) -> Gateway:
        """The gateway to AWS, opened on first use. Raises Refused as `open_gateway`."""
        from generator.operations.aws import open_gateway

        return open_gateway(self.deployment, self.say)

    def moved_to(self, deployment: Deployment) -> Invocation:
        """This invocation, from now on about that deployment: what it says carries its options."""
        self.profile, self.region, self.stack_name = deployment.profile, deployment.region, deployment.stack_name
        self.__dict__.pop("gateway", None)
        return self

    @property
    def opened(self) -> bool:
        """Whether the gateway has been opened."""
        return "gateway" in self.__dict__

    @property
    def location(self) -> Location:
        """Account, region and whose AWS: no call where a stack was described, else one."""
        return self.gateway.location()

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked: a terminal on both ends, and no --yes."""
        return sys.stdin.isatty() and sys.stderr.isatty() and not self.yes

    def say(self, sentence: str = "") -> None:
        """Print one line on stderr, the commands in it as they can be pasted."""
        tell(self.pasteable(sentence))

    def pasteable(self, text: str) -> str:
        """The text, each command in it for this stack, region, profile and environment, as far as they were given."""
        if "deployer " not in text:  # most rows of a long table
            return text
        stack = "" if self.stack_name == DEFAULT_STACK_NAME else self.stack_name
        options = {"--env": self.env, "--stack-name": stack, "--region": self.region, "--profile": self.profile}
        given = {name: value or "" for name, value in options.items()}
        if isinstance(text, Row):
            return text.changed(lambda part: completed(part, given, sandbox=self.sandbox, database=self.database))
        return completed(text, given, sandbox=self.sandbox, database=self.database)

    def show(self, plan: object) -> None:
        """Print a plan as its view says (plan_views)."""
        for line in self.plan_lines(plan):
            self.say(line)

    def plan_lines(self, plan: object) -> list[str]:
        """A plan as its view says (plan_views), headed by what it would do and where."""
        from generator.cli.plan_views import view_of

        view = view_of(plan)
        action = view.action(plan) if view.action else ""
        return [*([f"{action} {self.location}:"] if action else []), *view.lines(plan)]

    def confirm(self, plan: object) -> None:
        """Ask the question of a plan's view. Raises as `confirm_action`."""
        from generator.cli.plan_views import view_of

        view = view_of(plan)
        if view.typed_name:
            self.confirm_name(view.question(plan), view.typed_name(plan))
        else:
            self.confirm_action(view.question(plan), view.note(plan))

    def events(self, events: Iterable[StackEvent]) -> None:
        """Print a stack's events as they come. Ctrl-C leaves the stack going, and says so."""
        from generator.cli.progress import show_events

        try:
            show_events(events, self.say)
        except KeyboardInterrupt:
            for line in self._left_running():
                self.say(line)
            raise

    def _left_running(self) -> list[str]:
        commands = self.gateway.commands
        stop = commands.aws("cloudformation", "cancel-update-stack", "--stack-name", self.stack_name)
        return [
            "",
            f"The stack {self.stack_name} is still being changed in AWS, without this command.",
            f"  follow it: {commands.deployer('events', '--follow')}",
            "  join it:   run the same command again",
            f"  stop it:   {stop}   (updates only)",
        ]

    def ask(self, question: str, default: str = "", instead: str = "Give the value as an option.") -> str:
        """Ask for a line at the terminal. Raises UsageError where there is none; `instead` is its hint."""
        if not self.interactive:
            raise UsageError(f"This needs an answer, and there is no terminal to ask at: {question}", instead)
        tell(f"{question} [{default}]" if default else question, end=" ")
        return input().strip() or default

    def confirm_action(self, action: str, note: str = "") -> None:
        """Ask whether to do `action`, an imperative like `Update the stack s`; the question says where in AWS.

        --yes answers it. Raises Declined, or UsageError without a terminal.
        """
        if not self.yes:
            self._confirm(" ".join(filter(None, (f"{action} {self.location}?", note))))

    def confirm_here(self, question: str) -> None:
        """Ask about something on this computer. Raises as `confirm_action`."""
        if not self.yes:
            self._confirm(question)

    def confirm_name(self, action: str, name: str) -> None:
        """Ask to type the name of what is to be lost. Raises as `confirm_action`."""
        if self.yes:
            return
        question = f"{action} {self.location}? Type its name, {name}, to confirm:"
        if self.ask(question, instead="Add --yes to answer yes without being asked.") != name:
            raise Declined("Nothing was changed: the name does not match.")

    def _confirm(self, question: str) -> None:
        if not self.interactive:
            raise UsageError(
                f"This needs an answer, and there is no terminal to ask at: {question}",
                "Add --yes to answer yes without being asked.",
                code="needs-yes",
            )
        if self.ask(f"{question} [y/N]").lower() not in ("y", "yes"):
            raise Declined("Nothing was changed: you answered no.")
