"""The page of a revocation shows what came from outside as text, whatever it says."""

from datetime import UTC, datetime

from generator.model.evidence import Evidence, Report
from generator.operations.access.report import as_page

NOW = datetime(2026, 11, 25, tzinfo=UTC)
SCRIPT = "<script>alert('x')</script>"


def test_nothing_from_outside_becomes_a_tag() -> None:
    item = Evidence(SCRIPT, SCRIPT, SCRIPT, NOW, False, SCRIPT)
    page = as_page(Report(SCRIPT, SCRIPT, SCRIPT, SCRIPT, (SCRIPT,), SCRIPT, SCRIPT, NOW, NOW, (item,)))
    assert "<script" not in page and page.count("&lt;script&gt;") >= 11
