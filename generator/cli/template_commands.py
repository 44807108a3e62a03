"""generate and lint: the vendor's release engineer."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.cli.render import OutputFormat
from generator.cli.template_text import emitted_lines, lint_lines
from generator.errors import UsageError

if TYPE_CHECKING:
    from generator.model.template_name import TemplateName


class TemplateFormat(StrEnum):
    """Formats of the emitted template."""

    yaml = "yaml"
    json = "json"


class Choice(StrEnum):
    """The templates, or all of them (generator/model/template_name.py)."""

    stack = "stack"
    example_database = "example-database"
    vpc_endpoints = "vpc-endpoints"
    engineers = "engineers"
    cluster_access = "cluster-access"
    all = "all"


class ReportFormat(StrEnum):
    """Formats of the lint report."""

    text = "text"
    json = "json"
    sarif = "sarif"


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    _register_generate(app)
    _register_lint(app)


def _register_generate(app: typer.Typer) -> None:
    @command(app, "generate")
    def generate(
        call: Invocation,
        file: Annotated[
            str | None, typer.Option("-o", "--file", help="Where to write; - is standard output.", metavar="FILE")
        ] = None,
        fmt: Annotated[TemplateFormat, typer.Option("--format", help="YAML or JSON.")] = TemplateFormat.yaml,
        check: Annotated[
            bool, typer.Option("--check", help="Write nothing; exit 3 with a diff if FILE is out of date.")
        ] = False,
        template: Annotated[
            Choice, typer.Option("--template", help="Which template; all: each one, to its own file in templates/.")
        ] = Choice.stack,
        wire: Annotated[
            bool,
            typer.Option("--wire", help="The form that is sent: the same document, short, without comments."),
        ] = False,
        example: Annotated[
            bool, typer.Option("--example-database", help="The same as --template example-database.")
        ] = False,
    ) -> CommandResult:
        """Write a CloudFormation template, the same bytes every time."""
        from generator.operations.templates import Freshness, GenerateRequest, generate

        names = _names(template, example)
        if len(names) > 1:
            _refuse_one_file(file)
        if wire and fmt is TemplateFormat.json:
            raise UsageError("--wire and --format json cannot be used together.", "Give one of them.")
        emitted = generate(GenerateRequest(names, fmt.value, file, check, wire))
        stale = any(isinstance(each, Freshness) and not each.current for each in emitted)
        lines = [line for each in emitted for line in emitted_lines(each)]
        return CommandResult(emitted if len(names) > 1 else emitted[0], lines, 3 if stale else 0)


def _register_lint(app: typer.Typer) -> None:
    @command(app, "lint")
    def lint(
        call: Invocation,
        files: Annotated[
            list[Path] | None,
            typer.Argument(help="Templates to check; the product's own when none is given.", metavar="[FILE]..."),
        ] = None,
        fmt: Annotated[ReportFormat, typer.Option("--format", help="How to print the findings.")] = ReportFormat.text,
    ) -> CommandResult:
        """Check templates: cfn-lint for every combination of its conditions, and the product's own rules."""
        from generator.operations.templates import lint

        shown = fmt if call.output is OutputFormat.text else ReportFormat.text
        result = lint(files or [], shown.value, call.region)
        reports, unread = result.reports, result.unread
        if unread:
            call.say(f"error: {unread.message}")
        return CommandResult(
            reports if len(reports) > 1 else reports[0],
            lint_lines(result),
            result.exit_code,
            next=(unread.hint,) if unread else (),
        )


def _names(chosen: Choice, example: bool) -> tuple[TemplateName, ...]:
    from generator.model.template_name import TemplateName

    if example and chosen not in (Choice.stack, Choice.example_database):
        raise UsageError(
            f"--example-database and --template {chosen} name two templates.",
            "Give --template alone.",
            code="two-templates",
        )
    if chosen is Choice.all:
        return tuple(TemplateName)
    return (TemplateName.EXAMPLE_DATABASE if example else TemplateName(chosen),)


def _refuse_one_file(file: str | None) -> None:
    if file:
        raise UsageError(
            "--template all writes several templates, each to a file of its own.",
            "Leave out -o, or name one template.",
        )
