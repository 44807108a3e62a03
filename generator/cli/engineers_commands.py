"""engineers: documents and tag policies for the customer's own people, as a stack of their own."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from generator.cli import engineers_text, stack_text
from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.errors import UsageError
from generator.model.engineers import DEFAULT_STACK_NAME, EngineersRequest, Parameter

StackName = Annotated[str, typer.Option("--stack-name", help="Name of the engineers' stack.")]
Hosts = Annotated[
    list[str], typer.Option("--remote-host", metavar="HOST", help="A host beyond the instance; repeatable.")
]
RemotePorts = Annotated[
    list[str], typer.Option("--remote-ports", metavar="PORTS", help="The ports of those hosts, such as 5432.")
]
Interactive = Annotated[
    list[str],
    typer.Option("--interactive-command", metavar="COMMAND", help="A command for a session, whole; repeatable."),
]
Fleet = Annotated[
    list[str],
    typer.Option("--fleet-command", metavar="COMMAND", help="A command for deployer run, as root; repeatable."),
]


class YesNo(StrEnum):
    """A yes or no that was given; no option keeps what the stack has."""

    yes = "yes"
    no = "no"


class CommandArgument(StrEnum):
    """What may follow an allowed command."""

    none = "none"
    word = "word"


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        name="engineers",
        no_args_is_help=True,
        help="Documents and policies for your own people: tunnels, commands, instances that share their tag.",
    )
    app.add_typer(group)
    _register_up(group)
    _register_rest(group)


def _register_up(group: typer.Typer) -> None:
    @command(group, "up", changes=True)
    def up(
        call: Invocation,
        stack_name: StackName = DEFAULT_STACK_NAME,
        tag: Annotated[
            str, typer.Option("--tag", metavar="KEY", help="The tag that has to be equal; team if omitted.")
        ] = "",
        ports: Annotated[
            list[str], typer.Option("--ports", metavar="PORTS", help="Ports of an instance, such as 8080,8081.")
        ] = [],  # noqa: B006
        remote_host: Hosts = [],  # noqa: B006 - Typer reads the default, nothing appends to it
        remote_ports: RemotePorts = [],  # noqa: B006
        interactive_command: Interactive = [],  # noqa: B006
        fleet_command: Fleet = [],  # noqa: B006
        command_argument: Annotated[
            CommandArgument | None, typer.Option(help="Whether one more word may follow a command.")
        ] = None,
        shell: Annotated[YesNo | None, typer.Option(help="Whether there is a document for a shell.")] = None,
        log_group: Annotated[
            str | None, typer.Option(metavar="NAME", help="Encrypted log group for shells and commands.")
        ] = None,
        ssh_user: Annotated[
            str | None, typer.Option(metavar="NAME", help="OS user for SSH, never root; '' for no SSH.")
        ] = None,
        plan_only: Annotated[bool, typer.Option("--plan", help="Show what would change, and stop.")] = False,
    ) -> CommandResult:
        """Create or change the engineers' stack. What is not given keeps its value; a list that is given replaces it.

        DeepSQL's own stack and its support are not touched.
        """
        from generator.model.up import UpPlan
        from generator.operations.engineers.up import up

        call.stack_name = stack_name
        given = {
            Parameter.ALLOWED_PORTS: _joined(ports),
            Parameter.REMOTE_HOSTS: _listed(remote_host),
            Parameter.REMOTE_PORTS: _joined(remote_ports),
            Parameter.INTERACTIVE_COMMANDS: _listed(interactive_command),
            Parameter.FLEET_COMMANDS: _listed(fleet_command),
            Parameter.COMMAND_ARGUMENT: command_argument and command_argument.value.capitalize(),
            Parameter.CREATE_SHELL: shell and shell.value.capitalize(),
            Parameter.SESSION_LOG_GROUP: log_group,
            Parameter.SSH_USER: ssh_user,
        }
        request = EngineersRequest({str(k): v for k, v in given.items() if v is not None}, tag, plan_only)
        done = up(call.gateway, request, call)
        if isinstance(done, UpPlan):
            return CommandResult(done, call.plan_lines(done), to_read=True)
        for line in stack_text.done_lines(done):
            call.say(line)
        code = 0 if all(check.holds for check in done.checks) else 3
        return CommandResult(
            done, stack_text.up_lines(done), code, next=engineers_text.next_steps(done, call.gateway.commands)
        )


def _register_rest(group: typer.Typer) -> None:
    @command(group, "status")
    def status(call: Invocation, stack_name: StackName = DEFAULT_STACK_NAME) -> CommandResult:
        """Show what the documents allow, and to whom the policies are attached."""
        from generator.operations.engineers.status import status

        call.stack_name = stack_name
        report = status(call.gateway)
        return CommandResult(report, engineers_text.status_lines(report), to_read=True)

    @command(group, "down", changes=True)
    def down(call: Invocation, stack_name: StackName = DEFAULT_STACK_NAME) -> CommandResult:
        """Delete the engineers' stack. Refused while one of its policies is attached."""
        from generator.operations.engineers.status import down

        call.stack_name = stack_name
        result = down(call.gateway, call)
        return CommandResult(result, stack_text.down_lines(result), to_read=True)


def _listed(words: list[str]) -> str | None:
    """The members of a list as the parameter takes them: None where none is given, an empty word alone empties it."""
    if divided := next((word for word in words if "," in word), ""):
        raise UsageError(f"{divided!r} has a comma, which separates members of a list.", "Leave the comma out.")
    return _joined(words)


def _joined(words: list[str]) -> str | None:
    """The same, of words that may have commas themselves."""
    if len(words) > 1 and "" in words:
        raise UsageError(
            f"An empty value stands beside {next(filter(None, words), 'another')!r}: alone, it empties the list.",
            "Leave it out, or give nothing else.",
            code="empty-member",
        )
    return ",".join(words) if words else None
