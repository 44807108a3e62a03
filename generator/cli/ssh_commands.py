"""ssh, ssh-config, and the commands that ssh itself calls: ssh-proxy, ssh-key."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from generator.cli import completion
from generator.cli.callers import SessionInvocation
from generator.cli.command import CommandResult, command
from generator.cli.connect_commands import REASON, TARGET, show_frames
from generator.cli.invocation import Invocation
from generator.cli.passthrough import PassThrough
from generator.errors import UsageError
from generator.model.contract import SSH_USER

DOCUMENT = typer.Option(help="Session document for SSH; by default the stack's, or AWS's own on other instances.")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    _register_ssh(app)
    _register_config(app)
    _register_proxy(app)


def _register_ssh(app: typer.Typer) -> None:
    @command(app, "ssh", cls=PassThrough)
    def ssh(
        call: Invocation,
        words: Annotated[
            list[str] | None,
            typer.Argument(
                metavar="[SSH OPTIONS] [USER@]TARGET [COMMAND]",
                help="As for ssh; . is the stack's own instance.",
                autocompletion=completion.instances,
            ),
        ] = None,
        reason: Annotated[str, REASON] = "",
        document: Annotated[str, DOCUMENT] = "",
    ) -> CommandResult:
        """Run OpenSSH through a session, with a key made for this connection."""
        from generator.operations.sessions.ssh import ssh

        result = ssh(call.gateway, words or [], reason, SessionInvocation(call), document)
        return CommandResult(result, [], result.exit_code)


def _register_config(app: typer.Typer) -> None:
    @command(app, "ssh-config")
    def ssh_config(
        call: Invocation,
        target: Annotated[str, TARGET] = "",
        os_user: Annotated[str, typer.Option(help="Login on the instance; by default ssh-user, or ec2-user.")] = "",
        alias: Annotated[str, typer.Option(help="Name to use with ssh; by default TARGET or the stack's name.")] = "",
        document: Annotated[str, DOCUMENT] = "",
    ) -> CommandResult:
        """Print a block for ~/.ssh/config, for ssh, scp, sftp, rsync and editors."""
        from generator.operations.sessions.ssh_config import ssh_config

        result = ssh_config(call.gateway, target, os_user, alias, SessionInvocation(call), document)
        return CommandResult(result, result.lines)


def _register_proxy(app: typer.Typer) -> None:
    @command(app, "ssh-proxy")
    def ssh_proxy(
        call: Invocation,
        target: Annotated[str, TARGET] = "",
        document: Annotated[str, DOCUMENT] = "",
        parameter: Annotated[list[str], typer.Option(metavar="KEY=VALUE", help="A parameter of the document.")] = [],  # noqa: B006
        or_document: Annotated[
            list[str],
            typer.Option(help="What to use if that document does not exist, or may not be used.", hidden=True),
        ] = [],  # noqa: B006
        reason: Annotated[str, REASON] = "",
        key_user: Annotated[
            str, typer.Option(help="The login of which ssh-key has a key ready for this connection.", hidden=True)
        ] = "",
        report: Annotated[Path | None, typer.Option(help="Where to write why no server answered.", hidden=True)] = None,
        show_message: Annotated[
            bool, typer.Option("--show-message", help="What the agent tells the user, to no terminal too.", hidden=True)
        ] = False,
        unsigned_channel: Annotated[
            bool, typer.Option("--unsigned-channel", help="Open the data channel without a signature.")
        ] = False,
    ) -> CommandResult:
        """Carry an SSH connection over standard input and output, as ssh's ProxyCommand."""
        from generator.model.session import SessionRequest
        from generator.operations.sessions.ssh_proxy import ssh_proxy

        show_frames(call)
        parameters = {name: (value,) for name, _, value in (pair.partition("=") for pair in parameter)}
        request = SessionRequest(target, document, parameters if document else {}, reason)
        say = call.say if show_message or sys.stderr.isatty() else _nobody
        result = ssh_proxy(
            call.gateway,
            request,
            say,
            others=or_document,
            signed=not unsigned_channel,
            key_user=key_user,
            report=report,
        )
        return CommandResult({"target": result.target}, [], result.exit_code)

    @command(app, "ssh-key", hidden=True)
    def ssh_key(
        call: Invocation,
        target: Annotated[str, TARGET] = "",
        os_user: Annotated[str, typer.Option(help="Login on the instance.")] = SSH_USER,
    ) -> None:
        """Make a key for a connection that ssh is about to make, accepted for a minute."""
        from generator.operations.sessions.ssh_config import claim_key

        if not target:
            raise UsageError("No instance was named.", "Print the lines for ~/.ssh/config with: deployer ssh-config")
        claim_key(call.gateway, target, os_user)


def _nobody(line: str) -> None:
    """A program reads standard error here, not a person (record 70)."""
