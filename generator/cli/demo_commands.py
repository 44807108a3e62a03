"""demo: the whole story in one command."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.cli.width import columns_of
from generator.errors import UsageError
from generator.model.deployment import DEFAULT_STACK_NAME

if TYPE_CHECKING:
    from generator.operations.demo import DemoResult


class DemoScreen:
    """The story on standard error; at a terminal with a sign that something goes on."""

    def __init__(self, call: Invocation) -> None:
        self.say = call.say

    @property
    def columns(self) -> int:
        """The width of the terminal; 0 where there is none."""
        return columns_of(sys.stderr)

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
        stack_name: Annotated[str, typer.Option(hidden=True)] = "",
    ) -> CommandResult:
        """Show the whole story on a sandbox: create, be refused, grant, read, revoke with proof, delete."""
        from generator.operations.demo import run

        _refuse_a_place(call, stack_name)
        result = run(DemoScreen(call), keep, full)
        return CommandResult(result, [*_summary(result), *(_look_around(result) if keep else _next_steps(result))])


def _refuse_a_place(call: Invocation, stack_name: str) -> None:
    """Raise UsageError for an option that says where: the story takes place in a sandbox of its own."""
    places = {"--stack-name": stack_name, "--profile": call.profile, "--region": call.region, "--env": call.env}
    if given := [name for name, value in places.items() if value]:
        raise UsageError(
            f"The demo takes no {' and no '.join(given)}: it has a sandbox and a stack of its own.",
            "deployer demo; the commands one by one: deployer sandbox start",
        )


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
        lines += [f"  ended    {result.checks}, each by asking the sandbox; the report has a SHA-256"]
        lines += ["  kept     the volume, the logs and their key: yours to delete"]
    return lines


def _next_steps(result: DemoResult) -> list[str]:
    page = f", with {shlex.quote(result.tutorial)}" if result.tutorial else ""
    return [
        "",
        f"Next, by hand{page}:",
        f"  {result.program} sandbox start",
        f'  eval "$({result.program} sandbox env)"',
        f"All output of these commands: {result.program} demo --full",
    ]


def _look_around(result: DemoResult) -> list[str]:
    home, program = shlex.quote(result.home), result.program
    set_here = ["DEPLOYER_SANDBOX_HOME", *(["DEPLOYER_STACK_NAME"] if result.shadowed else [])]
    return [
        "",
        f"The sandbox goes on at {result.endpoint}, and the vendor's role has access. To look around:",
        *(["  unset DEPLOYER_ENV"] if "DEPLOYER_ENV" in result.shadowed else []),
        f"  export DEPLOYER_SANDBOX_HOME={home}",
        f'  eval "$({program} sandbox env)"',
        *([f"  export DEPLOYER_STACK_NAME={DEFAULT_STACK_NAME}"] if result.shadowed else []),
        f"  {program} access show",
        f"  {program} access revoke --all --yes",
        f"  {program} down --yes",
        "To leave and remove it:",
        f'  eval "$({program} sandbox env --unset)"',
        f"  {program} sandbox stop && rm -r {home}",
        f"  unset {' '.join(set_here)}",
    ]
