"""ssh, and what stands behind it: ssh-proxy, ssh-key, ssh-config."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from generator.cli.command import CommandResult, command
from generator.cli.connect_commands import REASON, TARGET, pick_target, show_frames
from generator.cli.invocation import Invocation
from generator.cli.passthrough import PassThrough
from generator.errors import UsageError
from generator.model.contract import SSH_USER


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
            typer.Argument(metavar="[SSH OPTIONS] [USER@]TARGET [COMMAND]", help="As for ssh; . is the stack's own."),
        ] = None,
        reason: Annotated[str, REASON] = "",
    ) -> CommandResult:
        """Run OpenSSH through a session, with a key made for this connection."""
        from generator.operations.sessions import ssh as operation

        typed = operation.read_words(words or [])
        route = operation.plan_ssh(
            call.gateway, typed.destination, typed.user, typed.port, reason, lambda found: pick_target(call, found)
        )
        code = operation.run_ssh(call.gateway, route, typed.options, typed.command)
        return CommandResult({"target": route.target.instance_id, "user": route.user, "exit_code": code}, [], code)


def _register_config(app: typer.Typer) -> None:
    @command(app, "ssh-config")
    def ssh_config(
        call: Invocation,
        target: Annotated[str, TARGET] = "",
        os_user: Annotated[str, typer.Option(help="The login on the instance.")] = SSH_USER,
        alias: Annotated[str, typer.Option(help="The name to use with ssh; the stack's name when not given.")] = "",
    ) -> CommandResult:
        """Print a block for ~/.ssh/config, for ssh, scp, sftp, rsync and editors."""
        from generator.operations.sessions import ssh as operation
        from generator.operations.sessions.ssh_config import config_block

        route = operation.plan_ssh(call.gateway, target, os_user, 22, "", lambda found: pick_target(call, found))
        lines = config_block(call.deployment, route, alias or target or call.stack_name)
        return CommandResult({"target": route.target.instance_id, "lines": lines}, lines)


def _register_proxy(app: typer.Typer) -> None:
    @command(app, "ssh-proxy")
    def ssh_proxy(
        call: Invocation,
        target: Annotated[str, TARGET] = "",
        document: Annotated[str, typer.Option(help="Session document; the stack's for SSH when not given.")] = "",
        parameter: Annotated[list[str], typer.Option(metavar="KEY=VALUE", help="A parameter of it.")] = [],  # noqa: B006
        reason: Annotated[str, REASON] = "",
        key_user: Annotated[
            str, typer.Option(help="The login of which ssh-key has a key ready for this connection.", hidden=True)
        ] = "",
        report: Annotated[Path | None, typer.Option(help="Where to write why no server answered.", hidden=True)] = None,
        unsigned_channel: Annotated[
            bool, typer.Option("--unsigned-channel", help="Open the data channel without a signature.")
        ] = False,
    ) -> CommandResult:
        """Carry SSH over standard input and output: a ProxyCommand for ssh."""
        from generator.model.session import SessionRequest
        from generator.operations.sessions import ssh as operation
        from generator.operations.sessions.ssh_proxy import carry

        show_frames(call)
        if document:
            given = {name: (value,) for name, _, value in (pair.partition("=") for pair in parameter)}
            request = SessionRequest(target, document, given, reason)
        else:
            found = operation.plan_ssh(call.gateway, target, "", 22, reason, lambda several: None)
            request = found.request
        code = carry(call.gateway, request, signed=not unsigned_channel, key_user=key_user, report=report)
        return CommandResult({"target": request.target}, [], code)

    @command(app, "ssh-key", hidden=True)
    def ssh_key(
        call: Invocation,
        target: Annotated[str, TARGET] = "",
        os_user: Annotated[str, typer.Option(help="The login on the instance.")] = SSH_USER,
    ) -> None:
        """Make a key for a connection that ssh is about to make, and let it in for a minute."""
        from generator.operations.sessions.ssh_config import claim_key

        if not target:
            raise UsageError("Say for which instance.", "deployer ssh-config writes the right line.")
        claim_key(call.gateway, target, os_user)
