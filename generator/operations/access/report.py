"""The report of a revocation as two files: JSON for programs, a page for people. Neither holds a secret."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from html import escape
from pathlib import Path

from generator.errors import DeployerError
from generator.model.duration import END_FORMAT
from generator.model.evidence import Evidence, Report

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#111}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.4em .8em;"
    "border-bottom:1px solid #ccc}.no{color:#a00;font-weight:bold}.yes{color:#060}"
    "td:nth-child(4),td:nth-child(5){white-space:nowrap}"
)


def write(report: Report, file: Path) -> tuple[Path, Path]:
    """Write FILE's name with .json and with .html. Raises DeployerError when the files cannot be written."""
    data, page = file.with_suffix(".json"), file.with_suffix(".html")
    try:
        data.write_text(as_json(report), encoding="utf-8")
        page.write_text(as_page(report), encoding="utf-8")
    except OSError as error:
        raise DeployerError(
            f"The report could not be written to {file}: {error.strerror}.",
            "Access is closed as shown; give another file, and run the same command again: --report FILE",
            code="report-not-written",
        ) from error
    return data, page


def as_json(report: Report) -> str:
    """The whole report; times are UTC."""
    whole = {"version": 1, "complete": report.complete, "left": report.left, **asdict(report)}
    return json.dumps(whole, indent=2, default=_plain) + "\n"


def as_page(report: Report) -> str:
    """One HTML page that needs nothing else; everything that came from outside is escaped."""
    whole = all(item.proven for item in report.evidence)
    proven = "Every check is proven." if whole else "Every check that could be asked is proven; see “not asked” below."
    verdict = proven if report.complete else "NOT everything is proven."
    facts = {
        "stack": report.stack_name,
        "account and region": f"{report.account} {report.region}",
        "instance": report.instance_id,
        "locked out": ", ".join(report.locked_out) or "nobody",
        "reason": report.reason or "-",
        "done by": report.by,
        "from": report.began.strftime(END_FORMAT),
        "to": report.ended.strftime(END_FORMAT),
    }
    left = "".join(f"<li>{escape(item)}</li>" for item in report.left)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Access revoked</title>'
        f"<style>{STYLE}</style><h1>Support access to {escape(report.stack_name)} revoked</h1>"
        f'<p class="{"yes" if report.complete else "no"}">{verdict}</p>'
        f"<table>{''.join(_fact(k, v) for k, v in facts.items())}</table>"
        + (f"<h2>Left to do</h2><ul>{left}</ul>" if left else "")
        + "<h2>Evidence</h2><table>"
        + _row("th", "step", "asked", "answered", "at", "verdict")
        + "".join(_evidence(item) for item in report.evidence)
        + "</table><p>Ending a session ends its terminal; a process it left in the background goes on until it ends "
        "by itself or the instance is looked after.</p></html>\n"
    )


def _evidence(item: Evidence) -> str:
    return _row("td", item.step, item.asked, item.answered, item.at.strftime(END_FORMAT), item.verdict)


def _fact(name: str, value: str) -> str:
    return f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"


def _row(tag: str, *cells: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _plain(value: object) -> object:
    return value.strftime(END_FORMAT) if isinstance(value, datetime) else str(value)
