"""The report of a revocation as a page for people, beside its JSON file. It holds no secret."""

from __future__ import annotations

from html import escape
from pathlib import PurePath

from generator.model.duration import END_FORMAT
from generator.model.evidence import Evidence, Report, ReportSignature

STYLE = """
:root{color-scheme:light dark;--text:#111;--line:#ccc;--faint:#595959;--good:#060;--bad:#a00}
@media (prefers-color-scheme:dark){:root{--text:#eee;--line:#444;--faint:#aaa;--good:#7c7;--bad:#f88}}
body{font:15px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:var(--text)}
h1,td,th,li{overflow-wrap:break-word}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.4em .8em;border-bottom:1px solid var(--line)}
.facts th{width:12em}
.evidence td:nth-child(2){color:var(--faint)}
.evidence td:nth-child(4),.evidence td:nth-child(5){white-space:nowrap}
.yes{color:var(--good)}
.no,.no td{color:var(--bad);font-weight:bold}
@media screen and (max-width:50em){
td{overflow-wrap:anywhere}
.facts th{width:auto}
.evidence thead{display:none}
.evidence tr{display:block;border-bottom:1px solid var(--line);padding:.5em 0}
.evidence td{display:block;border:0;padding:0 .8em}
.evidence td:first-child{font-weight:bold}
}
@media print{
:root{--text:#000;--line:#999;--faint:#333;--good:#000;--bad:#000}
body{max-width:none;margin:0;padding:0;font-size:8pt}
td,th{padding:.3em .5em}
thead{display:table-header-group}
tr,li{break-inside:avoid}
h2{break-after:avoid}
}
"""


def as_page(report: Report, signature: ReportSignature | None = None) -> str:
    """One HTML page that needs nothing else; everything that came from outside is escaped."""
    whole = all(item.proven for item in report.evidence)
    proven = "Every check is proven." if whole else "Every check that applies is proven."
    verdict = proven if report.complete else "NOT everything is proven."
    facts = {
        "stack": report.stack_name,
        "account and region": f"{report.account} {report.region}",
        "instance": report.instance_id,
        "access revoked from": ", ".join(report.revoked) or "nobody",
        "reason": report.reason or "-",
        "done by": report.by,
        "from": report.began.strftime(END_FORMAT),
        "to": report.ended.strftime(END_FORMAT),
        "SHA-256 of the JSON file": report.sha256,
        **({"signature": _signature(signature)} if signature else {}),
    }
    left = "".join(f"<li>{escape(item)}</li>" for item in report.left)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Access to {escape(report.stack_name)} revoked</title><style>{STYLE}</style>"
        f"<h1>Support access to {escape(report.stack_name)} revoked</h1>"
        f'<p class="{"yes" if report.complete else "no"}">{verdict}</p>'
        f'<table class="facts">{"".join(_fact(k, v) for k, v in facts.items())}</table>'
        + (f"<h2>Left to do</h2><ul>{left}</ul>" if left else "")
        + '<h2>Evidence</h2><table class="evidence"><thead>'
        + _row("th", "step", "asked", "answered", "at", "verdict")
        + "</thead><tbody>"
        + "".join(_evidence(item) for item in report.evidence)
        + "</tbody></table>"
        + "".join(f"<p>{escape(sentence)}.</p>" for sentence in report.not_asked)
        + "<p>Ending a session ends its terminal; a process it left in the background goes on until it "
        "ends by itself or the instance is looked after.</p></html>\n"
    )


def _signature(signature: ReportSignature) -> str:
    if not signature.holds:
        return f"NOT signed: {signature.why}"
    return f"{PurePath(signature.file).name}, by the key {signature.key_id}"


def _evidence(item: Evidence) -> str:
    cells = item.step, item.asked, item.answered, item.at.strftime(END_FORMAT), item.verdict
    return _row("td", *cells, kind="no" if item.proven is False else "")


def _fact(name: str, value: str) -> str:
    return f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"


def _row(tag: str, *cells: str, kind: str = "") -> str:
    row = f'<tr class="{kind}">' if kind else "<tr>"
    return row + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"
