"""connect, ssh, cp, run, sessions: getting onto instances, and who is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from generator.cli import session_text
from generator.cli.ask import choose
from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.errors import UsageError
from generator.model.session import Client

if TYPE_CHECKING:
    from generator.model.session import Target
    from generator.operations.sessions.connect_plan import ConnectPlan

TARGET = typer.Argument(
    metavar="[TARGET]", help="Instance id, Name tag or private address; the stack's own instance when not given."
)
REASON = typer.Option(help="Ticket or reason; kept in the session's record.")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    _register_connect(app)


def show_frames(call: Invocation) -> None:
    """With --debug, a line on stderr for each frame of the data channel: nothing secret is in it."""
    if call.debug:
        import logging

        logging.basicConfig(format="%(asctime)s %(name)s %(message)s")
        logging.getLogger("deployer.channel").setLevel(logging.DEBUG)


def _selftest(call: Invocation, plan: ConnectPlan) -> CommandResult:
    from generator.operations.sessions.selftest import selftest

    if not plan.is_shell or plan.plugin:
        raise UsageError(
            "--selftest tests a shell session of deployer's own data channel.", "Leave -L and --client out."
        )
    result = selftest(call.gateway, plan, call.say)
    return CommandResult(result, session_text.selftest_lines(result), 0 if result.resumed_whole else 1)


def pick_target(call: Invocation, targets: Sequence[Target]) -> Target | None:
    """Let a person choose between several instances; None where there is nobody."""
    if not call.interactive:
        return None
    return targets[choose(call, "instance", [target.label for target in targets])]


def _register_connect(app: typer.Typer) -> None:
    @command(app, "connect")
    def connect(
        call: Invocation,
        target: Annotated[str, TARGET] = "",
        forward: Annotated[
            list[str],
            typer.Option("-L", metavar="[BIND:]PORT[:HOST:HOSTPORT]", help="A tunnel; any number of them."),
        ] = [],  # noqa: B006 - Typer reads the default, nothing appends to it
        exec_: Annotated[
            str,
            typer.Option(
                "--exec", metavar="CMD", help="Run this here while the tunnel is up (its port: $DEPLOYER_PORT)."
            ),
        ] = "",
        client: Annotated[
            Client, typer.Option(help="Which data channel to use: deployer's own, or AWS's session-manager-plugin.")
        ] = Client.native,
        reason: Annotated[str, REASON] = "",
        length: Annotated[str, typer.Option("--for", metavar="DURATION", help="End it after this time.")] = "",
        document: Annotated[str, typer.Option(help="Another session document than the stack's.")] = "",
        unsigned_channel: Annotated[
            bool, typer.Option("--unsigned-channel", help="Open the data channel without a signature.")
        ] = False,
        selftest: Annotated[
            bool, typer.Option("--selftest", help="Measure a session, cut it once, and log its frames.")
        ] = False,
    ) -> CommandResult:
        """Open a shell on an instance, or tunnels to it; nothing needs to be installed."""
        from generator.cli.tunnel_view import TunnelScreen
        from generator.model.duration import parse_duration
        from generator.model.forward import parse_forward
        from generator.operations.sessions.connect import run_session
        from generator.operations.sessions.connect_plan import ConnectRequest, plan_connect

        request = ConnectRequest(
            target,
            tuple(parse_forward(text) for text in forward),
            exec_,
            client,
            reason,
            document,
            not unsigned_channel,
            parse_duration(length) if length else None,
        )
        plan = plan_connect(call.gateway, request, lambda found: pick_target(call, found))
        call.say(session_text.opening_line(plan))
        show_frames(call)
        if selftest:
            return _selftest(call, plan)
        screen = TunnelScreen(call, live=not exec_)
        try:
            result = run_session(call.gateway, plan, screen, quiet=call.output.value == "json")
        finally:
            screen.close()
        # Standard output belongs to the shell, or to the command of --exec.
        for line in (*session_text.not_ended_lines(result.not_ended), *session_text.result_lines(result)):
            call.say(line)
        return CommandResult(result, [], result.exit_code)
