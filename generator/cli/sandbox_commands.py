"""sandbox: an imitation of AWS on this computer."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.model.database import Engine

if TYPE_CHECKING:
    from generator.operations.sandbox import SandboxEnvironment, SandboxReport


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        name="sandbox",
        help="An imitation of AWS on this computer, to try everything without an account.",
        no_args_is_help=True,
    )
    app.add_typer(group)
    _register_life(group)
    _register_database(group)
    _register_published(group)

    @command(group, "env")
    def env(
        call: Invocation,
        account: Annotated[
            str | None, typer.Option(help="Account whose root user to be; the customer's by default.")
        ] = None,
        unset: Annotated[
            bool, typer.Option("--unset", help="Print what takes a shell out of the sandbox again, running or stopped.")
        ] = False,
    ) -> CommandResult:
        """Print export lines for eval "$(deployer sandbox env)"; prints `false` when the sandbox is not running."""
        from generator.operations.sandbox import for_shell

        environment = for_shell(account or "", unset=unset)
        if environment.unset:
            call.say("  What you had set before, such as AWS_PROFILE, is not set again: set it, or open another shell.")
            return CommandResult({"unset": environment.unset}, [f"unset {' '.join(environment.unset)}"])
        _say_if_older(call, environment)
        lines = [f"export {name}={shlex.quote(value)}" for name, value in environment.variables.items()]
        return CommandResult(environment.variables, lines)


def _say_if_older(call: Invocation, sandbox: SandboxReport | SandboxEnvironment) -> None:
    """Say so when the sandbox was started before this version was installed."""
    from generator.operations.sandbox import OLDER

    if not sandbox.current:
        for line in OLDER:
            call.say(line)


def _register_database(group: typer.Typer) -> None:
    @command(group, "database")
    def database(
        call: Invocation,
        name: Annotated[str, typer.Argument(help="Name of the Aurora cluster in the sandbox.")] = "app",
        engine: Annotated[
            Engine | None, typer.Option("--engine", help="Engine of a new cluster; postgresql by default.")
        ] = None,
    ) -> CommandResult:
        """Start a real PostgreSQL or MySQL behind an Aurora cluster of the sandbox; stopping it deletes the data."""
        from generator.operations import sandbox

        cluster = sandbox.database(name, engine)
        return CommandResult(
            cluster,
            [f"{name} is running at {cluster['endpoint']}, which is reachable only through a tunnel."],
            next=(f"deployer db bootstrap {name} --for root=rwo, then: deployer db connect {name}",),
        )


def _register_published(group: typer.Typer) -> None:
    @command(group, "published")
    def published(call: Invocation) -> CommandResult:
        """Create a stack of the vendor's published template in the sandbox, to try an upgrade on."""
        from generator.operations.published_stack import published_stack

        stack = published_stack(call.deployment, call)
        upgrade = f"deployer --sandbox upgrade --plan --stack-name {stack.stack_name}"
        return CommandResult(stack, [f"The stack {stack.stack_name} is {stack.status}."], next=(upgrade,))


def _register_life(group: typer.Typer) -> None:
    @command(group, "start")
    def start(
        call: Invocation,
        port: Annotated[
            int | None, typer.Option(min=1, max=65535, help="Port on 127.0.0.1; any free one by default.")
        ] = None,
    ) -> CommandResult:
        """Start the sandbox, unless it is running already."""
        from generator.operations import sandbox

        report = sandbox.start(port)
        _say_if_older(call, report)
        return CommandResult(
            report,
            [f"The sandbox is running on {report.endpoint} (process {report.pid})."],
            next=('deployer --sandbox COMMAND, or for every AWS client of this shell: eval "$(deployer sandbox env)"',),
        )

    @command(group, "stop")
    def stop(call: Invocation) -> CommandResult:
        """Stop the sandbox and save its state."""
        from generator.operations import sandbox

        stopped = sandbox.stop()
        if stopped:
            call.say(
                '  A shell that ran eval still points to it: eval "$(deployer sandbox env --unset)", or open another.'
            )
        return CommandResult({"stopped": stopped}, ["The sandbox has stopped." if stopped else sandbox.NOT_RUNNING])

    @command(group, "status")
    def status(call: Invocation) -> CommandResult:
        """Show whether the sandbox is running, and where."""
        from generator.operations import sandbox

        report = sandbox.status()
        _say_if_older(call, report)
        return CommandResult(
            report, [f"running on {report.endpoint} (process {report.pid})" if report.running else "not running"]
        )

    @command(group, "reset")
    def reset(call: Invocation) -> CommandResult:
        """Delete everything in the sandbox, in every account."""
        from generator.operations import sandbox

        call.confirm_here("Delete everything in the sandbox?")
        sandbox.reset()
        return CommandResult({"reset": True}, ["The sandbox is empty."])
