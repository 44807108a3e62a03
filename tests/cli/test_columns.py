"""Tables at a terminal: columns shrink one by one, heads stay above them, and names, ARNs and commands stay whole."""

import sys

import pytest

from generator.cli.columns import Row
from generator.cli.invocation import Invocation
from generator.cli.render import table
from generator.cli.width import cells
from tests.terminal import on_terminal

WIDTHS = [60, 80, 100, 200]
HEADS = ("SESSION", "WHO", "SINCE", "REASON")
WHO = "arn:aws:sts::444455556666:assumed-role/deepsql-support/alice"
REASON = "looking at the slow query of ticket 4711 for the customer, who waits"
SESSIONS = [
    ("alice-0a1b2c3d", WHO, "2026-11-30T22:01Z", REASON),
    ("carol-9f8e7d6c", "bob", "2026-11-30T22:02Z", "patch"),
]
GRANT = "deployer access grant --principal ARN --stack-name deepsql-tutorial --region us-east-1"
CHECKS = [
    ("ok", "resources", "key, support user, support role, secret, session log group, session documents, keeper"),
    ("FAIL", "instance role", f"arn:aws:iam::111122223333:instance-profile/{'x' * 60}"),
    ("warn", "grant", f"Grant again: {GRANT}"),
    ("ok", "region", "us-east-1"),
]


def _at(lines: list[str], columns: int) -> list[list[str]]:
    """The lines of each row."""
    assert all(isinstance(line, Row) for line in lines)
    return [line.at(columns) for line in lines if isinstance(line, Row)]


def _words(rows: list[tuple[str, ...]]) -> list[list[str]]:
    return [sorted(" ".join(row).split()) for row in rows]


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("rows", [SESSIONS, CHECKS])
def test_every_word_is_kept_whole_and_only_one_that_is_longer_than_the_terminal_passes_its_end(
    rows: list[tuple[str, ...]], columns: int
) -> None:
    shown = _at(table(rows), columns)
    assert [sorted(" ".join(lines).split()) for lines in shown] == _words(rows)
    assert all(len(line) <= columns or line.strip() in (WHO, GRANT, CHECKS[1][2]) for row in shown for line in row)


@pytest.mark.parametrize("columns", WIDTHS)
def test_heads_stand_above_their_columns_or_at_the_same_line_below(columns: int) -> None:
    heads, *rows = _at(table(SESSIONS, HEADS), columns)
    for row, session in zip(rows, SESSIONS, strict=True):
        for head, cell in zip(HEADS, session, strict=True):
            below, begins = next((at, text.index(head)) for at, text in enumerate(heads) if head in text)
            line, beside = (row[0], row[1:]) if not below else (next(text for text in row[1:] if cell in text), row[:1])
            assert line[begins:].startswith(cell.split()[0])
            assert not any(cell.split()[0] in text for text in beside)


def test_a_narrower_terminal_takes_from_the_widest_column_alone() -> None:
    first, second = _at(table([("a-name", "a short note", REASON), ("b", "c d", "e")]), 60)
    assert first[0].startswith("a-name  a short note  looking at the slow") and len(first) == 2
    assert first[1][:22].isspace() and first[1][22] != " "
    assert second == ["b       c d           e"]


def test_only_what_has_no_room_goes_below_in_a_table_without_heads() -> None:
    resources, role, grant, region = _at(table(CHECKS), 60)
    assert resources[0].startswith("ok    resources      key, support") and len(resources) == 3
    assert role == ["FAIL  instance role", f"    {CHECKS[1][2]}"]
    assert grant == ["warn  grant", "    Grant again:", f"    {GRANT}"]
    assert region == ["ok    region         us-east-1"]


def test_a_column_that_is_mostly_too_wide_goes_below_as_a_whole() -> None:
    names = [("AccessRule", "CREATE_COMPLETE", "rule-of-the-stack-" + "x" * length) for length in (2, 30, 40)]
    assert [len(row) for row in _at(table(names), 60)] == [2, 2, 2]
    assert [row[0] for row in _at(table(names), 60)] == ["AccessRule  CREATE_COMPLETE"] * 3


def test_names_stay_and_what_comes_after_them_goes_below() -> None:
    changes = [("  modify", "AccessEndPermission", "AWS::Lambda::Permission", "only refers to AccessEndRule")]
    assert _at(table(changes), 60)[0] == [
        "  modify  AccessEndPermission  AWS::Lambda::Permission",
        "      only refers to AccessEndRule",
    ]


def test_an_indented_table_stays_indented() -> None:
    for line in table(CHECKS):
        assert all(each.startswith("  ") for each in ("  " + line).at(60))  # type: ignore[attr-defined]


def test_a_command_that_becomes_longer_than_its_column_goes_below() -> None:
    (line,) = table([("next", "deployer status")])
    assert isinstance(line, Row)
    longer = line.changed(lambda text: text.replace("status", "status --stack-name deepsql-tutorial"))
    assert longer.at(60) == ["next", "    deployer status --stack-name deepsql-tutorial"]


def test_a_command_is_completed_within_its_column() -> None:
    row = Invocation(sandbox=True).pasteable(table([("next", "deployer status", "later")])[0])
    assert isinstance(row, Row) and row.at(60) == ["next                   later", "    deployer --sandbox status"]


def test_wide_letters_take_two_columns_at_a_terminal_and_a_file_stays_as_it_was() -> None:
    lines = table([("日本", "x"), ("name", "y")])
    assert [row[0] for row in _at(lines, 80)] == ["日本  x", "name  y"]
    assert lines == ["日本    x", "name  y"]
    (ticket,) = _at(table([("id", "日本語 の チケット " * 6)]), 60)
    assert len(ticket) == 2 and 50 < cells(ticket[0]) <= 60


@pytest.mark.parametrize("columns", [0, 39])
def test_a_file_and_a_tiny_terminal_get_the_row_as_it_is(columns: int) -> None:
    assert _at(table(SESSIONS, HEADS), columns) == [[line] for line in table(SESSIONS, HEADS)]


PRINTED = """
import os, struct, fcntl, termios, sys
fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
from generator.cli import render
from generator.cli.invocation import Invocation
from generator.cli.sanitize import tell
rows = render.table([("FAIL", "a\\x1b[2J\\u65e5", "one two three four five six seven eight nine ten eleven twelve")])
render.result(Invocation(), [], rows, to_read=True)
tell(Invocation(sandbox=True).pasteable(rows[0]))
"""


def test_a_terminal_is_given_a_table_by_its_columns_on_both_streams_and_no_orders() -> None:
    code, shown = on_terminal([sys.executable, "-c", PRINTED])
    lines = shown.replace("\x1b[1;31m", "").replace("\x1b[0m", "").strip().splitlines()
    assert code == 0 and lines[:2] == lines[2:] and len(lines) == 4
    assert lines[0].startswith("FAIL  a\\x1b[2J日  one two") and lines[1][:18].isspace() and lines[1][18:].islower()
