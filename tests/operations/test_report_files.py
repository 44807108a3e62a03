"""Where the evidence of a revocation goes: known, and tried, before anything is closed."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import UsageError
from generator.operations.access.report import files, require_writable


@pytest.mark.parametrize(
    ("given", "written"),
    [("T-1", "T-1"), ("T-1.json", "T-1"), ("T-1.html", "T-1"), ("T-1.2026-11", "T-1.2026-11"), (".json", ".json")],
)
def test_a_reports_files_have_the_name_that_was_given(given: str, written: str) -> None:
    """`T-1.2026-11` and `T-1.2026-12` are two reports: what looks like an ending is part of the name."""
    assert [str(file) for file in files(Path("at", given))] == [f"at/{written}.json", f"at/{written}.html"]


@pytest.mark.parametrize("given", [".", "..", "/", "folder", "taken", "loop", "none/report", "n" * 300])
def test_a_report_that_could_not_be_written_is_refused_first(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("taken.html").mkdir()
    Path("loop.json").symlink_to("loop.json")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UsageError, match="could not be written"):
        require_writable(Path(given))
    assert sorted(tmp_path.iterdir()) == before


def test_trying_leaves_an_earlier_report_as_it_is(tmp_path: Path) -> None:
    earlier = tmp_path / "report.json"
    earlier.write_text("earlier")
    require_writable(tmp_path / "report")
    assert [*tmp_path.iterdir()] == [earlier] and earlier.read_text() == "earlier"
