"""The page of a revocation shows what came from outside as text, whatever it says."""

from datetime import UTC, datetime

import pytest

from generator.cli.report_page import as_page
from generator.model.evidence import Evidence, Report

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
