"""recovery: a small host of your own when the instance accepts no session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation

if TYPE_CHECKING:
    from generator.model.recovery import RecoveryGroup


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
        from generator.operations.recovery_host import start

        reached = _follow(call, start(call.gateway))
        return CommandResult(
            reached, [*lines(reached), *(f"deployer connect {host.instance_id}" for host in reached.hosts)]
        )

    @command(group, "down", changes=True)
    def down(call: Invocation) -> CommandResult:
        """Terminate the recovery host, and wait until it is gone."""
        from generator.operations.recovery_host import end

        reached = _follow(call, end(call.gateway))
        return CommandResult(reached, lines(reached))

    @command(group, "status")
    def status(call: Invocation) -> CommandResult:
        """Show whether there is a recovery host, and whether it accepts sessions."""
        from generator.operations.recovery_host import status

        found = status(call.gateway)
        return CommandResult(found, lines(found))


def lines(group: RecoveryGroup) -> list[str]:
    """The group as text: a line for itself and one for each host."""
    size = f"recovery group {group.name}: {'one host is wanted' if group.desired else 'empty'}"
    hosts = (f"  {h.instance_id}  {h.lifecycle}  {h.ping.lower() or 'not yet managed'}" for h in group.hosts)
    return [size, *hosts]


def _follow(call: Invocation, looks: Iterator[RecoveryGroup]) -> RecoveryGroup:
    """Show each change of the group once; return its last state."""
    told: list[str] = []
    for group in looks:
        if (shown := lines(group)[1:]) != told:
            for line in shown or ["  no host"]:
                call.say(line)
            told = shown
    return group
