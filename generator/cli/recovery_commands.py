"""recovery: a small host of your own when the instance accepts no session."""

from __future__ import annotations

import typer

from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.cli.stack_text import recovery_choice_lines, recovery_lines


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        name="recovery",
        no_args_is_help=True,
        help="A small host of your own, for when the instance accepts no session.",
    )
    app.add_typer(group)

    @command(group, "up", changes=True)
    def up(call: Invocation) -> CommandResult:
        """Start the recovery host, and wait until it accepts sessions."""
        from generator.operations.recovery_host import up

        reached = up(call.gateway, call)
        connect = (f"deployer connect {host.instance_id}" for host in reached.hosts)
        return CommandResult(reached, [*recovery_lines(reached), *connect], to_read=True)

    @command(group, "down", changes=True)
    def down(call: Invocation) -> CommandResult:
        """Terminate the recovery host, and wait until this is done."""
        from generator.operations.recovery_host import down

        reached = down(call.gateway, call)
        return CommandResult(reached, recovery_lines(reached), to_read=True)

    @command(group, "explain")
    def explain(call: Invocation) -> CommandResult:
        """Say what you can do when Session Manager itself is down, and how to remove it again. Changes nothing."""
        from generator.operations.recovery_choices import explain

        choices = explain(call.gateway)
        return CommandResult(choices, recovery_choice_lines(choices), to_read=True)

    @command(group, "status")
    def status(call: Invocation) -> CommandResult:
        """Show whether there is a recovery host, and whether it accepts sessions."""
        from generator.operations.recovery_host import status

        group = status(call.gateway)
        return CommandResult(group, recovery_lines(group), to_read=True)
