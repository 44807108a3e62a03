"""generate and lint: the vendor's release engineer."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from generator.cli.command import Done, command
from generator.cli.invocation import Invocation


class TemplateFormat(StrEnum):
    """Formats of the emitted template."""

    yaml = "yaml"
    json = "json"


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
        example: Annotated[
            bool, typer.Option("--example-database", help="The example database instead of the stack.")
        ] = False,
    ) -> Done:
        """Emit the CloudFormation template, byte for byte the same each time."""
        from generator.operations import templates

        if file == "-":
            return Done(templates.text(fmt.value, example=example))
        target = templates.target(file, fmt.value, example=example)
        if check:
            found = templates.check(target, fmt.value, example=example)
            return Done(found, found.lines, 0 if found.current else 3)
        written = templates.write(target, fmt.value, example=example)
        return Done(
            written, [f"{written.path}  {written.bytes} bytes  {'written' if written.changed else 'unchanged'}"]
        )

    @command(app, "lint")
    def lint(
        call: Invocation,
        file: Annotated[
            Path | None, typer.Argument(help="Template to check; the product's own when not given.")
        ] = None,
        fmt: Annotated[ReportFormat, typer.Option("--format", help="How to print the findings.")] = ReportFormat.text,
    ) -> Done:
        """Check a template: cfn-lint for every combination of its conditions, and the product's own rules."""
        from generator.operations import templates

        report = templates.lint(file)
        return Done(report, templates.report_lines(report, fmt.value), 3 if report.findings else 0)
