"""A report's one value: its JSON, its digest, and the line that says both later."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from generator.model.evidence import Evidence, Report, log_line, parse_line, sha256_of

NOW = datetime(2026, 11, 25, 12, 0, 1, 500, tzinfo=UTC)


def report(*proven: bool | None) -> Report:
    items = tuple(Evidence("a", "x", "ü", NOW, each, "do this") for each in proven)
    revoked = ("arn:aws:iam::444455556666:role/x", "arn:aws:iam::444455556666:root", "whoever holds the key")
    return Report("s", "1", "r", "i", revoked, "me", "", NOW, NOW, items)


@pytest.mark.parametrize(
    ("proven", "verdict", "left"), [((True, None), "proven", []), ((True, False), "NOT PROVEN", ["do this"])]
)
def test_json_and_line_say_the_same(proven: tuple[bool | None, ...], verdict: str, left: list[str]) -> None:
    made = report(*proven)
    written = json.loads(made.text)
    assert written == made.document and (written["verdict"], written["left"]) == (verdict, left)
    assert (written["complete"], written["ended"]) == (verdict == "proven", "2026-11-25T12:00:01Z")
    line = parse_line(log_line(made).message)
    assert (
        line == log_line(made)
        and not line.has_file
        and line.verdict == verdict
        and line.sha256 == sha256_of(made.text.encode())
    )
    assert line and line.accounts == ("444455556666",)
    filed = parse_line(log_line(made, has_file=True).message)
    assert filed and filed.has_file
    assert report(True).sha256 != report(None).sha256


@pytest.mark.parametrize(
    "message", ["made key AKIA1", "7", "{}", '{"revocation": []}', '{"revocation": {"stack": "s"}}']
)
def test_a_line_of_the_keeper_is_no_revocations(message: str) -> None:
    assert parse_line(message) is None


def test_a_line_of_an_older_version_names_no_account() -> None:
    head = '{"revocation": {"stack": "s", "verdict": "proven", "ended": "e", "sha256": "d"'
    older = parse_line(head + "}}")
    assert older and older.accounts == () and not older.has_file
    assert parse_line(head + ', "accounts": 7}}') is None
