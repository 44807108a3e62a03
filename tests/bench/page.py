"""The figures as Markdown, between markers of docs/explanation/performance.md."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path

from tests.api_calls import outside_polls
from tests.bench.goals import Row
from tests.bench.peers import NODE_PEERS, PYTHON_PEERS
from tests.bench.stacks import Counted

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "performance.md"


def write(name: str, text: str) -> None:
    """Put the text between the markers of that name. Raises ValueError when the page has none."""
    page = PAGE.read_text()
    marked = re.compile(rf"(<!-- {name}: .*? -->\n).*?(<!-- end {name} -->)", re.S)
    if not marked.search(page):
        raise ValueError(f"{PAGE} has no markers named {name}.")
    PAGE.write_text(marked.sub(lambda match: f"{match[1]}\n{text}\n{match[2]}", page))


def goals_table(rows: Sequence[Row]) -> str:
    """Every goal with its figure and the verdict on it."""
    lines = [
        "| id | goal | must | want | measured | verdict | note |",
        "| --- | --- | ---: | ---: | ---: | --- | --- |",
    ]
    for row in rows:
        goal = row.goal
        figures = " | ".join(f"{_figure(value, goal.unit)}" for value in (goal.must, goal.want, row.measured))
        lines.append(f"| {goal.id} | {goal.text} | {figures} | {row.verdict} | {row.note} |")
    return "\n".join(lines) + "\n"


def calls_table(counted: Sequence[Counted]) -> str:
    """The calls of each tool, polls after the plus sign."""
    lines = ["| tool | create | one parameter | nothing to do |", "| --- | ---: | ---: | ---: |"]
    for tool in counted:
        cells = " | ".join(_calls(made) for made in (tool.create, tool.update, tool.nothing))
        lines.append(f"| `{tool.tool}` | {cells} |")
    return "\n".join(lines) + "\n"


def facts(rounds: int) -> str:
    """When, on what and compared with what the figures were taken; nothing that names the machine."""
    today = dt.datetime.now(dt.UTC).date().isoformat()
    peers = ", ".join(peer.replace("==", " ").replace("@", " ") for peer in (*PYTHON_PEERS, *NODE_PEERS))
    return (
        f"{today}: {os.cpu_count()} CPUs, {platform.system()} on {platform.machine()}, Python "
        f"{platform.python_version()}, {rounds} rounds. Compared with {peers}.\n"
    )


def _figure(value: float, unit: str) -> str:
    if unit == "":
        return f"{value:.0f}"
    digits = 1 if unit != "x" or value >= 1 else 2 if value >= 0.1 else 3
    return f"{value:.{digits}f}{'x' if unit == 'x' else ' ' + unit}"


def _calls(made: Sequence[str]) -> str:
    once = outside_polls(made).total()
    return f"{once} + {len(made) - once}"
