"""run: a command on one instance or many."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from typing import Annotated

import typer

from generator.cli import session_text
from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.cli.passthrough import PassThrough
from generator.errors import UsageError
from generator.model.run_command import CommandRequest
from generator.model.session import is_instance_id

LONGEST_COMMAND = 172_800  # seconds, the limit of SendCommand's executionTimeout
MOST_INSTANCES = 50  # of SendCommand's InstanceIds
_CONCURRENCY, _ERRORS = r"[1-9]\d*|[1-9]\d?%|100%", r"\d|[1-9]\d+|\d%|[1-9]\d%|100%"  # SendCommand's patterns


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
            list[str], typer.Option(metavar="KEY=VALUE", help="Instances with this tag; several tags must all match.")
        ] = [],  # noqa: B006
        instance_id: Annotated[
            list[str], typer.Option(metavar="ID", help="This instance; can be given several times.")
        ] = [],  # noqa: B006
        concurrency: Annotated[
            str, typer.Option(help="Hosts at a time: a number, or a percentage such as 10%.")
        ] = "50",
        max_errors: Annotated[
            str,
            typer.Option(
                help="How many hosts may fail, as a number or a percentage: one more, and it starts on no further host."
            ),
        ] = "0",
        timeout: Annotated[str, typer.Option(metavar="DURATION", help="How long it may run on a host.")] = "1h",
        reason: Annotated[str, typer.Option(help="Ticket or reason, recorded with the command.")] = "",
        document: Annotated[str, typer.Option(help="Command document to use instead of AWS-RunShellScript.")] = "",
    ) -> CommandResult:
        """Run a command on the stack's instance, or on instances by tag, and show what each printed.

        The output of one host is the result, unchanged. That of several is marked with their IDs on standard error.
        """
        from generator.operations.sessions.run import run

        _require_rate("--concurrency", concurrency, _CONCURRENCY)
        _require_rate("--max-errors", max_errors, _ERRORS)
        if len(set(instance_id)) > MOST_INSTANCES:
            raise UsageError(
                f"Systems Manager takes {MOST_INSTANCES} instances by ID, not {len(set(instance_id))}.",
                "Choose them by --tag, or run it several times.",
            )
        where = CommandRequest(_script(_required(words)), tuple(instance_id), _tags(tag, instance_id))
        request = replace(
            where,
            concurrency=concurrency,
            max_errors=max_errors,
            timeout=_seconds(timeout),
            reason=reason,
            document=document,
        )
        report = run(call.gateway, request, call)
        for line in session_text.run_story(report):
            call.say(line)
        return CommandResult(report, session_text.run_output(report), 0 if report.succeeded else 1)


def _required(words: list[str] | None) -> list[str]:
    """The command. Raises UsageError for none, which is what an unset variable gives, and for an instance instead."""
    if not words or not "".join(words).strip():
        raise UsageError("There is no command to run.", "For example: deployer run uptime")
    if is_instance_id(words[0]):
        rest = shlex.join(words[1:]) or "uptime"
        raise UsageError(
            f"{words[0]} is an instance, and no command.", f"Name it with: deployer run --instance-id {words[0]} {rest}"
        )
    return words


def _require_rate(option: str, value: str, pattern: str) -> None:
    if not re.fullmatch(pattern, value, re.ASCII):
        raise UsageError(f"{option} takes a number or a percentage, not {value}.", f"For example: {option} 10%")


def _script(words: list[str]) -> str:
    """What sh is given: one quoted word as it is, several words each quoted again."""
    if len(words) == 1:
        return words[0]
    if any(letter.isspace() for letter in words[0]):
        raise UsageError(
            f"{words[1]} follows a command that is quoted as a whole, so it would be lost.",
            "Put deployer's options first, and the command's own inside the quotes.",
        )
    return shlex.join(words)


def _tags(tags: list[str], instance_ids: list[str]) -> dict[str, tuple[str, ...]]:
    """KEY=VALUE words by key. Raises UsageError for another form, or if instances are named as well."""
    if tags and instance_ids:
        raise UsageError("--tag and --instance-id cannot be used together.", "Give one of them.")
    values: dict[str, tuple[str, ...]] = {}
    for pair in tags:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise UsageError(f"--tag takes KEY=VALUE, not {pair}.", "For example: --tag Role=web")
        values[key] = (*values.get(key, ()), value)
    return values


def _seconds(timeout: str) -> int:
    """Seconds, at most as many as Systems Manager allows. Raises UsageError for what is no duration."""
    from generator.model.duration import parse_duration

    return min(int(parse_duration(timeout).total_seconds()), LONGEST_COMMAND)
