"""sandbox: the embedded AWS on this computer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.model.database import Engine

if TYPE_CHECKING:
    from generator.operations.sandbox import SandboxReport


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        name="sandbox",
        help="An AWS on this computer to try everything on; it imitates, and says what.",
        no_args_is_help=True,
    )
    app.add_typer(group)
    _register_life(group)
    _register_database(group)

    @command(group, "env")
    def env(
        call: Invocation,
        account: Annotated[
            str | None, typer.Option(help="Account to be root of; the customer's when not given.")
        ] = None,
    ) -> CommandResult:
        """Print export lines: eval "$(deployer sandbox env)". Prints `false` when the sandbox is not running."""
        from generator.operations import sandbox

        values = sandbox.environment(account) if account else sandbox.environment()
        _say_if_older(call, sandbox.status())
        return CommandResult(values, sandbox.export_lines(values))


def _say_if_older(call: Invocation, report: SandboxReport) -> None:
    """A process that was started before this version was installed lacks what came since."""
    from generator.operations.sandbox import OLDER

    if not report.current:
        for line in OLDER:
            call.say(line)


def _register_database(group: typer.Typer) -> None:
    @command(group, "database")
    def database(
        call: Invocation,
        name: Annotated[str, typer.Argument(help="Name of the Aurora cluster in the sandbox.")] = "app",
        engine: Annotated[
            Engine | None, typer.Option("--engine", help="Of a new cluster: postgresql if left out.")
        ] = None,
    ) -> CommandResult:
        """Start a real PostgreSQL or MySQL behind an Aurora cluster of the sandbox; its data ends with the sandbox."""
        from generator.operations import sandbox

        found = sandbox.database(name, engine)
        call.say(f"  next: deployer db bootstrap {name} --for root=rwo, then: deployer db connect {name}")
        return CommandResult(found, [f"{name} answers as {found['endpoint']}, through a tunnel only."])


def _register_life(group: typer.Typer) -> None:
    @command(group, "start")
    def start(
        call: Invocation,
        port: Annotated[
            int | None, typer.Option(min=1, max=65535, help="Port on 127.0.0.1; any free one when not given.")
        ] = None,
    ) -> CommandResult:
        """Start the sandbox, or find it running."""
        from generator.operations import sandbox

        report = sandbox.start(port)
        _say_if_older(call, report)
        call.say('  use it: deployer --sandbox COMMAND, or for every AWS client: eval "$(deployer sandbox env)"')
        return CommandResult(report, [f"The sandbox listens on {report.endpoint} (process {report.pid})."])

    @command(group, "stop")
    def stop(call: Invocation) -> CommandResult:
        """Stop the sandbox; its state is kept."""
        from generator.operations import sandbox

        stopped = sandbox.stop()
        return CommandResult({"stopped": stopped}, ["The sandbox has stopped." if stopped else sandbox.NOT_RUNNING])

    @command(group, "status")
    def status(call: Invocation) -> CommandResult:
        """Say whether the sandbox runs, and where."""
        from generator.operations import sandbox

        report = sandbox.status()
        _say_if_older(call, report)
        return CommandResult(
            report, [f"running on {report.endpoint} (process {report.pid})" if report.running else "not running"]
        )

    @command(group, "reset")
    def reset(call: Invocation) -> CommandResult:
        """Empty the sandbox: every account, every stack."""
        from generator.operations import sandbox

        call.confirm_here("Remove everything in the sandbox?")
        sandbox.reset()
        return CommandResult({"reset": True}, ["The sandbox is empty."])
