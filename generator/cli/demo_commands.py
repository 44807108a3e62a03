"""demo: the whole story in one command."""

from __future__ import annotations

from typing import Annotated

import typer

from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""

    @command(app, "demo")
    def demo(
        call: Invocation,
        keep: Annotated[
            bool, typer.Option("--keep", help="Leave the sandbox running, so that you can look around.")
        ] = False,
    ) -> CommandResult:
        """Show the whole story on a sandbox: create, grant, read, remove the support user, delete."""
        from generator.operations.demo import run

        result = run(call.say, keep)
        lines = [f"Done in {result.seconds} s: {result.steps} commands, each with the expected result."]
        if keep:
            lines += [
                f"The sandbox is still running on {result.endpoint}. To use it:",
                f"  export DEPLOYER_SANDBOX_HOME={result.home}",
                '  eval "$(deployer sandbox env)"',
                "To stop it: deployer sandbox stop",
            ]
        return CommandResult(result, lines)
