"""How emitted templates and their findings read: pure functions from values to lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from generator.model.contract import TEMPLATE_LIMIT_BYTES
from generator.model.template_name import TemplateName

if TYPE_CHECKING:
    from generator.operations.templates import Freshness, LintReport, LintResult, Written


def emitted_lines(emitted: str | Written | Freshness) -> list[str]:
    """The template's text, or a line about its file, or the difference to its file."""
    from generator.operations.templates import Freshness, Written

    if isinstance(emitted, Written):
        return [f"{emitted.path}  {emitted.bytes} bytes  {'written' if emitted.changed else 'unchanged'}"]
    return _freshness_lines(emitted) if isinstance(emitted, Freshness) else [emitted]


def _freshness_lines(state: Freshness) -> list[str]:
    if state.diff is None:
        which = "" if state.template is TemplateName.STACK else f" --template {state.template}"
        return [f"There is no file {state.path}; deployer generate{which} -o {state.path} writes it."]
    return [f"{state.path} is current."] if state.current else state.diff


def lint_lines(result: LintResult) -> list[str]:
    """The findings, in the format that was asked for."""
    if result.document is not None:
        return json.dumps(result.document, indent=2).splitlines()
    return [line for report in result.reports for line in _report_lines(report)]


def _report_lines(report: LintReport) -> list[str]:
    if not report.findings:
        return [f"{report.name}: no findings.{_room(report.wire_bytes)}"]
    rows = [f"{report.name}:{f.line or '-'}  {f.rule}  {f.level}  {f.message}" for f in report.findings]
    return [*rows, f"{len(rows)} finding{'s' if len(rows) > 1 else ''}."]


def _room(size: int) -> str:
    """How much more the template may have as it is sent."""
    left = TEMPLATE_LIMIT_BYTES - size
    return f" As it is sent it has {size:,} bytes; {left:,} are left." if size else ""
