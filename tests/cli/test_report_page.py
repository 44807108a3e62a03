"""The page of a revocation shows what came from outside as text, whatever it says."""

import json
from datetime import UTC, datetime

import pytest

from generator.cli.access_text import evidence_line, report_lines
from generator.cli.report_page import as_page
from generator.model.evidence import Evidence, Report
from generator.operations.access.revoke import Revoked

NOW = datetime(2026, 11, 25, tzinfo=UTC)
SCRIPT = "<script>alert('x')</script>"


def test_nothing_from_outside_becomes_a_tag() -> None:
    item = Evidence(SCRIPT, SCRIPT, SCRIPT, NOW, False, SCRIPT)
    page = as_page(Report(SCRIPT, SCRIPT, SCRIPT, SCRIPT, (SCRIPT,), SCRIPT, SCRIPT, NOW, NOW, (item,), (SCRIPT,)))
    assert "<script" not in page and page.count("&lt;script&gt;") >= 12


@pytest.mark.parametrize(
    ("proven", "complete"), [((True, None), True), ((True, False), False), ((None,), False), ((), False)]
)
def test_a_report_is_complete_when_something_is_proven_and_nothing_is_not(
    proven: tuple[bool | None, ...], complete: bool
) -> None:
    items = tuple(Evidence("a", "x", "y", NOW, each) for each in proven)
    report = Report("s", "1", "r", "i", (), "me", "", NOW, NOW, items)
    assert report.complete is complete and ("NOT everything" in as_page(report)) is not complete


def test_what_is_not_proven_stands_out_and_a_printed_table_repeats_its_head() -> None:
    items = (Evidence("a", "x", "y", NOW, True), Evidence("b", "x", "y", NOW, False, "again"))
    page = as_page(Report("s", "1", "r", "i", (), "me", "", NOW, NOW, items))
    assert page.count('<tr class="no">') == 1 and '<p class="no">NOT everything is proven.' in page
    assert "<thead><tr><th>step" in page and "table-header-group" in page
    assert 'name="viewport"' in page and "prefers-color-scheme:dark" in page


@pytest.mark.parametrize("last", [True, False])
def test_text_json_and_page_say_the_same_of_every_check(last: bool) -> None:
    verdicts = (True, None, last)
    items = tuple(
        Evidence(f"step {n}", f"asked {n}", f"answer {n}", NOW, proven, "" if proven in (True, None) else f"remedy {n}")
        for n, proven in enumerate(verdicts)
    )
    report = Report("s", "1", "r", "i", ("who",), "me", "T-1", NOW, NOW, items, ("what was not asked",))
    text = [*map(evidence_line, items), *report_lines(Revoked(report))]
    page, document = as_page(report), json.loads(report.text)
    for item, row in zip(items, document["evidence"], strict=True):
        words = (item.step, item.answered, {True: "proven", None: "does not apply", False: "NOT PROVEN"}[item.proven])
        assert all(word in line for word in words for line in [next(line for line in text if item.step in line)])
        of_page = next(part for part in page.split("<tr") if item.step in part)
        assert all(word in of_page for word in words)
        assert (row["step"], row["answered"], row["proven"]) == (item.step, item.answered, item.proven)
    assert document["complete"] is last is ("Access is revoked" in text[3]) is ("NOT everything" not in page)
    for sentence in (*report.left, *report.not_asked):
        assert sentence in page and any(sentence in line for line in text)
    assert document["left"] == list(report.left) == ([] if last else ["remedy 2"])
