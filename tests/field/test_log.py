"""The log of reports (README.md): every situation names tests, and each of them exists."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "tests/field/README.md").read_text().splitlines()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in LINES if line.startswith("| ")][1:]


@functools.cache
def functions_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize(("situation", "held"), ROWS[1:] if ROWS[0][0].startswith("---") else ROWS)
def test_each_situation_is_held_by_tests_that_exist(situation: str, held: str) -> None:
    path, names = "", re.findall(r"`([^`]+)`", held)
    assert names, situation
    for each in names:
        where, _, name = each.rpartition("::")
        path = where or path
        assert name in functions_of(path), f"{situation}: {path} has no {name}"


def test_a_test_that_is_not_there_would_be_noticed() -> None:
    assert len(ROWS) > 40 and "test_nobody_wrote_this" not in functions_of("tests/field/test_log.py")


def test_every_test_of_this_folder_that_holds_a_report_is_in_the_log() -> None:
    """A file whose cases are in no row would be lost to whoever looks for a situation."""
    named = {name for row in ROWS for name in re.findall(r"tests/field/(test_\w+\.py)", row[-1])}
    files = {path.name for path in (ROOT / "tests/field").glob("test_*.py")} - {Path(__file__).name}
    assert files == named
