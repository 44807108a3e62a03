"""generate and lint: the vendor's release engineer."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.errors import UsageError

if TYPE_CHECKING:
    from generator.model.template_name import TemplateName
    from generator.operations.templates import Written


class TemplateFormat(StrEnum):
    """Formats of the emitted template."""

    yaml = "yaml"
    json = "json"


class Choice(StrEnum):
    """The templates, or all of them (generator/model/template_name.py)."""

    stack = "stack"
    example_database = "example-database"
    vpc_endpoints = "vpc-endpoints"
    all = "all"


class ReportFormat(StrEnum):
    """Formats of the lint report."""

    text = "text"
    json = "json"
    sarif = "sarif"


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""

    @command(app, "generate")
    def generate(
        call: Invocation,
        file: Annotated[
            str | None, typer.Option("-o", "--file", help="Where to write; - is standard output.", metavar="FILE")
        ] = None,
        fmt: Annotated[TemplateFormat, typer.Option("--format", help="YAML or JSON.")] = TemplateFormat.yaml,
        check: Annotated[
            bool, typer.Option("--check", help="Change nothing; exit 3 with a diff when FILE is stale.")
        ] = False,
        template: Annotated[
            Choice, typer.Option("--template", help="Which template; all: every one, to the files they are kept in.")
        ] = Choice.stack,
        example: Annotated[
            bool, typer.Option("--example-database", help="The same as --template example-database.")
        ] = False,
    ) -> CommandResult:
        """Emit a CloudFormation template, byte for byte the same each time."""
        names = _names(template, example)
        if len(names) > 1:
            _refuse_one_file(file)
            return _check_all(fmt, names) if check else _write_all(fmt, names)
        return _one(file, fmt, names[0], check)

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
        from generator.operations import templates

        reports = templates.lint(files or [])
        result = reports if len(reports) > 1 else reports[0]
        code = 3 if any(report.findings for report in reports) else 0
        return CommandResult(result, templates.report_lines(reports, fmt.value), code)


def _names(chosen: Choice, example: bool) -> list[TemplateName]:
    from generator.model.template_name import TemplateName

    if example and chosen not in (Choice.stack, Choice.example_database):
        raise UsageError(
            f"--example-database and --template {chosen} name two templates.",
            "Give --template alone.",
            code="two-templates",
        )
    if chosen is Choice.all:
        return list(TemplateName)
    return [TemplateName.EXAMPLE_DATABASE if example else TemplateName(chosen)]


def _refuse_one_file(file: str | None) -> None:
    if file:
        raise UsageError(
            "--template all writes several templates, each to a file of its own.",
            "Leave -o away, or name one template.",
        )


def _one(file: str | None, fmt: TemplateFormat, name: TemplateName, check: bool) -> CommandResult:
    from generator.operations import templates

    if file == "-":
        return CommandResult(templates.text(fmt.value, name))
    target = templates.target(file, fmt.value, name)
    if check:
        found = templates.check(target, fmt.value, name)
        return CommandResult(found, found.lines, 0 if found.current else 3)
    written = templates.write(target, fmt.value, name)
    return CommandResult(written, [_written_line(written)])


def _check_all(fmt: TemplateFormat, names: list[TemplateName]) -> CommandResult:
    from generator.operations import templates

    found = [templates.check(templates.target(None, fmt.value, name), fmt.value, name) for name in names]
    lines = [line for each in found for line in each.lines]
    return CommandResult(found, lines, 0 if all(each.current for each in found) else 3)


def _write_all(fmt: TemplateFormat, names: list[TemplateName]) -> CommandResult:
    from generator.operations import templates

    written = [templates.write(templates.target(None, fmt.value, name), fmt.value, name) for name in names]
    return CommandResult(written, [_written_line(each) for each in written])


def _written_line(written: Written) -> str:
    return f"{written.path}  {written.bytes} bytes  {'written' if written.changed else 'unchanged'}"
