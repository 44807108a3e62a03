"""connect: a shell on an instance, or tunnels to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from generator.cli import completion, session_text
from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.model.session import Client

if TYPE_CHECKING:
    from generator.model.connect import ConnectResult
    from generator.operations.sessions.selftest import SelftestResult

TARGET = typer.Argument(
    metavar="[TARGET]",
    help="Instance ID, Name tag or private address; by default the stack's own instance.",
    autocompletion=completion.instances,
)
REASON = typer.Option(help="Ticket or reason, recorded with the session.")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    _register_connect(app)


def show_frames(call: Invocation) -> None:
    """With --debug, print a line on stderr for each frame of the data channel; none contains a secret."""
    if call.debug:
        import logging

        logging.basicConfig(format="%(asctime)s %(name)s %(message)s")
        logging.getLogger("deployer.channel").setLevel(logging.DEBUG)


def _register_connect(app: typer.Typer) -> None:
    @command(app, "connect")
    def connect(
        call: Invocation,
        target: Annotated[str, TARGET] = "",
        forward: Annotated[
            list[str],
            typer.Option(
                "-L", metavar="[BIND:]PORT[:HOST:HOSTPORT]", help="Open a tunnel; can be given several times."
            ),
        ] = [],  # noqa: B006 - Typer reads the default, nothing appends to it
        exec_: Annotated[
            str,
            typer.Option(
                "--exec", metavar="CMD", help="Run this here while the tunnel is open; $DEPLOYER_PORT is its port."
            ),
        ] = "",
        client: Annotated[
            Client, typer.Option(help="Data channel to use: deployer's own, or AWS's session-manager-plugin.")
        ] = Client.native,
        reason: Annotated[str, REASON] = "",
        length: Annotated[str, typer.Option("--for", metavar="DURATION", help="End the session after this time.")] = "",
        document: Annotated[str, typer.Option(help="Session document to use instead of the stack's.")] = "",
        parameter: Annotated[
            list[str],
            typer.Option(
                "--parameter", metavar="NAME=VALUE", help="A parameter of that document; can be given several times."
            ),
        ] = [],  # noqa: B006
        unsigned_channel: Annotated[
            bool, typer.Option("--unsigned-channel", help="Open the data channel without a signature.")
        ] = False,
        selftest: Annotated[
            bool, typer.Option("--selftest", help="Measure a session, interrupt it once, and log its frames.")
        ] = False,
    ) -> CommandResult:
        """Open a shell on an instance, or tunnels to it. Nothing needs to be installed."""
        from generator.cli.tunnel_view import TunnelScreen
        from generator.model.connect import ConnectRequest, parse_parameters
        from generator.model.duration import parse_duration
        from generator.model.forward import parse_forward
        from generator.operations.sessions.connect import connect

        request = ConnectRequest(
            target,
            tuple(parse_forward(text) for text in forward),
            exec_,
            client,
            reason,
            document,
            not unsigned_channel,
            parse_duration(length) if length else None,
            selftest,
            parse_parameters(parameter, document, tunnel=bool(forward)),
        )
        show_frames(call)
        with TunnelScreen(call, live=not exec_) as screen:
            result = connect(call.gateway, request, screen, quiet=call.output.value == "json")
        return _outcome(call, result)


def _outcome(call: Invocation, result: ConnectResult | SelftestResult) -> CommandResult:
    """How a session ended. Standard output belongs to the shell, or to the command of --exec, so it is on stderr."""
    from generator.model.connect import ConnectResult

    if not isinstance(result, ConnectResult):
        return CommandResult(
            result, session_text.selftest_lines(result), 0 if result.resumed_whole else 1, to_read=True
        )
    for line in (*session_text.not_ended_lines(result.not_ended), *session_text.result_lines(result)):
        call.say(line)
    return CommandResult(result, [], result.exit_code)
