"""From rows to answers: every step of every row, all in one call of the evaluator."""

from __future__ import annotations

from collections.abc import Sequence

from tests.proof.evaluator import Answer, decide
from tests.proof.world import Row, World


def judge(world: World, rows: Sequence[Row]) -> dict[str, Answer]:
    """Row id -> answer."""
    asked = [(row.id, world.requests(row)) for row in rows]
    answers = iter(decide([request for _, requests in asked for request in requests]))
    return {name: together([next(answers) for _ in requests]) for name, requests in asked}


def together(steps: Sequence[Answer]) -> Answer:
    """All steps allowed: allowed. An error in any step is an error of the whole, never a denial."""
    for decision in ("error", "denied"):
        for step in steps:
            if step.decision == decision:
                return step
    return Answer("allowed", "; ".join(step.why for step in steps))
