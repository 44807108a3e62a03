"""doctor: what is missing, and the command that fixes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from generator.cli import session_text
from generator.cli.command import CommandResult, command, signing_in
from generator.cli.connect_commands import TARGET
from generator.cli.invocation import Invocation
from generator.cli.own_option import Own

UNHEALTHY = 3


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""

    @command(app, "doctor")
    def doctor(call: Invocation, target: Annotated[str, TARGET] = "", own: Own = "") -> CommandResult:
        """Check what sessions need, here and in the account, and show the command that fixes each problem."""
        from generator.model.diagnosis import Verdict
        from generator.model.principal import parse_own
        from generator.operations.doctor import diagnose

        diagnosed = diagnose(call.gateway, target, parse_own(own))
        diagnoses = [replace(each, hint=signing_in(call, each.hint)) for each in diagnosed]
        bad = any(each.verdict is Verdict.MISSING for each in diagnoses)
        return CommandResult(diagnoses, session_text.diagnosis_lines(diagnoses), UNHEALTHY if bad else 0, to_read=True)
