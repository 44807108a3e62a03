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
            bool, typer.Option("--keep", help="Leave the embedded AWS running, to look around in.")
        ] = False,
    ) -> CommandResult:
        """Tell the whole story on an embedded AWS: create, grant, read, flip, take down."""
        from generator.operations.demo import run

        result = run(call.say, keep)
        lines = [f"Done in {result.seconds} s: {result.steps} commands, each with the expected result."]
        if keep:
            lines += [
                f"The embedded AWS still runs on {result.endpoint}. To use it:",
                f"  export DEPLOYER_SANDBOX_HOME={result.kept}",
                '  eval "$(deployer sandbox env)"',
                "To end it: deployer sandbox stop",
            ]
        return CommandResult(result, lines)
