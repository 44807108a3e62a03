"""demo: the whole story in one command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation

if TYPE_CHECKING:
    from generator.operations.demo import DemoResult


class DemoScreen:
    """The story on standard error; at a terminal with a sign that something goes on."""

    def __init__(self, call: Invocation) -> None:
        self.say = call.say

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Show a spinner at a terminal until it is left."""
        if not sys.stderr.isatty():
            yield
            return
        from rich.console import Console

        with Console(stderr=True).status("one moment"):
            yield


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""

    @command(app, "demo")
    def demo(
        call: Invocation,
        keep: Annotated[
            bool, typer.Option("--keep", help="Stop while the vendor has access, so that you can look around.")
        ] = False,
        full: Annotated[bool, typer.Option("--full", help="Show all output of each command.")] = False,
    ) -> CommandResult:
        """Show the whole story on a sandbox: create, be refused, grant, read, revoke with proof, delete."""
        from generator.operations.demo import run

        result = run(DemoScreen(call), keep, full)
        return CommandResult(result, [*_summary(result), *(_look_around(result) if keep else _next_steps())])


def _summary(result: DemoResult) -> list[str]:
    """What was seen."""
    lines = [
        "",
        f"Done in {result.seconds:.0f} s: {result.steps} commands, each with the expected result.",
        f"  created  {result.created} resources from one template, with no inbound port",
        "  granted  one role of the vendor's, for eight hours, with a ticket as the reason",
        f"  denied   {result.denials} times: the same role without a grant, another role even with one",
    ]
    if result.checks:
        lines += [f"  ended    {result.checks}, each by asking AWS; the report has a SHA-256"]
        lines += ["  kept     the volume, the logs and their key: yours to delete"]
    return lines


def _next_steps() -> list[str]:
    return [
        "",
        "Next, by hand: docs/tutorial/first-stack.md, which begins with",
        "  deployer sandbox start",
        "All output of these commands: deployer demo --full",
    ]


def _look_around(result: DemoResult) -> list[str]:
    return [
        "",
        f"The sandbox goes on at {result.endpoint}, and the vendor's role has access. To look around:",
        f"  export DEPLOYER_SANDBOX_HOME={result.home}",
        '  eval "$(deployer sandbox env)"',
        "  deployer access show",
        "  deployer access revoke --all",
        "  deployer down",
        "To stop it: deployer sandbox stop",
    ]
