"""The template's policies, proven: every row of the table is decided by an evaluator that we did not write."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from generator.template.stack import build
from tests.proof.cases import ROWS
from tests.proof.evaluator import Answer
from tests.proof.judge import judge
from tests.proof.resolve import Tree
from tests.proof.world import Row, World


@pytest.fixture(scope="module")
def template() -> Tree:
    return build().to_dict()


@pytest.fixture(scope="module")
def answers(template: Tree) -> Iterator[dict[str, Answer]]:
    yield judge(World(template), ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row(row: Row, answers: dict[str, Answer]) -> None:
    answer = answers[row.id]
    assert answer.decision == row.expect, f"{row.id}: {answer.decision}, decided by: {answer.why}"


def test_no_two_rows_say_the_same() -> None:
    """Answers are kept by the row's sentence: of two alike only one would be judged."""
    assert len({row.id for row in ROWS}) == len(ROWS)
