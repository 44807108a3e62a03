"""The comparison is fair: what others do better stands first; and each of them that has a page here has it linked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

COMPARISON = ROOT / "docs" / "explanation" / "comparison.md"
COMING_FROM = ROOT / "docs" / "how-to" / "coming-from"
ORDER = ["What each does better", "Row by row", "Which to take"]
PAGES = {"deepsql", "depot", "singlestore", "sym", "ssm-quirks", "aws-ssm-tools", "basti", "rain"}


def faults(text: str) -> list[str]:
    """What is not fair in a comparison."""
    sections = re.split(r"^## (.+)$", text, flags=re.M)
    found = [] if sections[1::2] == ORDER else [f"its sections are {sections[1::2]}"]
    heads = re.findall(r"^(\| .+ \|)\n\| ---", text, flags=re.M)
    if not heads or not heads[0].startswith("| program | what it does better | where it stops |"):
        found.append("its first table does not begin with what others do better")
    first = dict(zip(sections[1::2], sections[2::2], strict=True)).get(ORDER[0], "")
    rows = [row.split("|")[2].strip() for row in first.splitlines() if row.startswith("| ")][2:]
    return found + ([] if len(rows) > 6 and all(rows) else ["a program does nothing better"])


def test_what_others_do_better_stands_first() -> None:
    assert faults(COMPARISON.read_text()) == []


def test_an_unfair_comparison_is_seen() -> None:
    text = COMPARISON.read_text()
    for before, after in (
        ("| what it does better | where it stops |", "| where it stops | what it does better |"),
        ("## What each does better", "## What this program does better"),
        ("## Which to take", "## Row by row, again"),
    ):
        assert before in text and faults(text.replace(before, after, 1)), before
    better = re.sub(r"^(\| \[Teleport\][^|]*\|)[^|]*\|", r"\1 |", text, flags=re.M)
    assert better != text and faults(better) == ["a program does nothing better"]


@pytest.mark.parametrize("name", sorted(PAGES))
def test_each_page_for_who_comes_from_elsewhere_is_there_and_in_the_index(name: str) -> None:
    page: Path = COMING_FROM / f"{name}.md"
    assert len(page.read_text().splitlines()) > 20
    assert f"]({name}.md)" in (COMING_FROM / "README.md").read_text()


def test_no_such_page_is_forgotten() -> None:
    assert {path.stem for path in COMING_FROM.glob("*.md")} - {"README"} == PAGES
