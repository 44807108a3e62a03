"""run: a command over a fleet."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING, Annotated

import typer

from generator.cli import session_text
from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.cli.passthrough import PassThrough
from generator.errors import UsageError

if TYPE_CHECKING:
    from generator.model.run_command import CommandRequest, HostResult


class Run(PassThrough):
    """`run uptime --tag Role=web` must not run on the stack's instance."""

    places = ("--tag", "--instance-id", "--stack-name", "--region", "--profile")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""

    @command(app, "run", changes=True, cls=Run)
    def run(
        call: Invocation,
        words: Annotated[
            list[str] | None, typer.Argument(metavar="COMMAND", help="What to run, by sh, as root.")
        ] = None,
        tag: Annotated[
            list[str], typer.Option(metavar="KEY=VALUE", help="Instances with this tag; all must fit.")
        ] = [],  # noqa: B006
        instance_id: Annotated[list[str], typer.Option(metavar="ID", help="These instances.")] = [],  # noqa: B006
        concurrency: Annotated[str, typer.Option(help="Hosts at once: a number, or 10%.")] = "50",
        max_errors: Annotated[str, typer.Option(help="Failures after which no further host begins.")] = "0",
        timeout: Annotated[str, typer.Option(metavar="DURATION", help="How long it may run on a host.")] = "1h",
        reason: Annotated[str, typer.Option(help="Ticket or reason; kept with the command.")] = "",
    ) -> CommandResult:
        """Run a command on the stack's instance, or over instances by tag, and show what each did.

        One host's output is the result as it is; that of several is marked with their ids on standard error.
        """
        from generator.operations.sessions import run as operation

        if not words:
            raise UsageError("There is no command to run.", "For example: deployer run uptime")
        script = _script(words)
        request = _request(call, script, tag, instance_id, concurrency, max_errors, timeout, reason)
        one_host = len(request.instance_ids) == 1 and not request.tags
        call.say(f"Running on {session_text.run_targets(request)} {call.location}.")
        began, hosts = time.monotonic(), list["HostResult"]()
        command_id = operation.start(call.gateway, request)
        try:
            for host in operation.follow(call.gateway, command_id):
                hosts.append(host)
                for line in session_text.host_errors(host) if one_host else session_text.host_lines(host):
                    call.say(line)
        except KeyboardInterrupt:
            operation.cancel(call.gateway, command_id)
            raise
        report = operation.report(command_id, hosts, time.monotonic() - began)
        code = 0 if report.succeeded else 1
        if not one_host:
            return CommandResult(report, session_text.run_lines(report), code)
        for line in [] if report.succeeded else session_text.run_lines(report):
            call.say(line)
        return CommandResult(report, [host.out for host in hosts], code)


def _script(words: list[str]) -> str:
    """What sh is given: one quoted word as it is, several words each quoted again."""
    if len(words) == 1:
        return words[0]
    if any(sign.isspace() for sign in words[0]):
        raise UsageError(
            f"{words[1]} stands behind a command that is quoted as a whole, so it would be lost.",
            "Write options of deployer first, and the command's own inside the quotes.",
        )
    return shlex.join(words)


def _request(
    call: Invocation,
    script: str,
    tags: list[str],
    instance_ids: list[str],
    concurrency: str,
    max_errors: str,
    timeout: str,
    reason: str,
) -> CommandRequest:
    from generator.model.duration import parse_duration
    from generator.model.run_command import CommandRequest
    from generator.operations.sessions.targets import find_target, view_stack

    if tags and instance_ids:
        raise UsageError("--tag and --instance-id exclude each other.", "Give one of them.")
    if not tags and not instance_ids:
        instance_ids = [find_target(call.gateway, "", view_stack(call.gateway), lambda found: None).instance_id]
    chosen: dict[str, tuple[str, ...]] = {}
    for pair in tags:
        key, found, value = pair.partition("=")
        if not (key and found):
            raise UsageError(f"--tag takes KEY=VALUE, not {pair}.", "For example: --tag Role=web")
        chosen[key] = (*chosen.get(key, ()), value)
    seconds = int(parse_duration(timeout).total_seconds())
    return CommandRequest(
        script, tuple(instance_ids), chosen, concurrency, max_errors, 60, min(seconds, 172_800), reason
    )
