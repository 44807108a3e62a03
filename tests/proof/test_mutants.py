"""The table notices every fault: a mutant that no row tells from the template fails here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fnmatch import fnmatch
from functools import cache

import pytest

from generator.template.stack import build
from tests.proof.cases import ROWS
from tests.proof.evaluator import Request, decide
from tests.proof.judge import together
from tests.proof.mutants import MUTANTS
from tests.proof.mutation import Mutant
from tests.proof.resolve import Tree
from tests.proof.world import Row, World

pytestmark = pytest.mark.xdist_group("mutants of the policies")  # one worker builds the table, not each


@pytest.fixture(scope="module")
def noticed() -> dict[str, list[str]]:
    """Fault -> the rows whose decision it turns round. An error turns nothing round."""
    template: Tree = build().to_dict()
    sound = World(template)
    before = {row.id: sound.requests(row) for row in ROWS}
    asked: list[tuple[Mutant, Row, list[Request]]] = []
    for mutant in MUTANTS:
        world = World(mutant.of(template))
        asked += [(mutant, row, now) for row in ROWS if may_differ(before[row.id], now := world.requests(row))]
    answers = iter(decide([request for _, _, requests in asked for request in requests]))
    found: dict[str, list[str]] = {mutant.fault: [] for mutant in MUTANTS}
    for mutant, row, requests in asked:
        decision = together([next(answers) for _ in requests]).decision
        if decision not in (row.expect, "error"):
            found[mutant.fault].append(row.id)
    return found


def may_differ(before: Sequence[Request], after: Sequence[Request]) -> bool:
    """Is it worth asking again: does a statement that the fault changed speak of the action at all?"""
    return any(
        any(fnmatch(new.action.lower(), action) for action in actions(policies(old) ^ policies(new)))
        for old, new in zip(before, after, strict=True)
        if old != new
    )


def policies(request: Request) -> frozenset[tuple[str, str]]:
    identity = [("identity", policy) for policy in request.identity]
    boundary = [("boundary", policy) for policy in request.boundary]
    return frozenset([*identity, *boundary, ("attached", request.attached or "")])


@cache
def actions(changed: frozenset[tuple[str, str]]) -> frozenset[str]:
    """The actions of the statements that not all of these versions of a policy have in common."""
    versions = [{json.dumps(one) for one in _statements(policy)} for _, policy in changed]
    different = {
        statement
        for version in versions
        for statement in version
        if len(versions) == 1 or not all(statement in other for other in versions)
    }
    listed = [json.loads(statement)["Action"] for statement in different]
    return frozenset(action.lower() for each in listed for action in ([each] if isinstance(each, str) else each))


def _statements(policy: str) -> list[Tree]:
    found: Tree = json.loads(policy)["Statement"] if policy else []
    return found if isinstance(found, list) else [found]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.fault)
def test_the_table_notices(mutant: Mutant, noticed: dict[str, list[str]]) -> None:
    assert noticed[mutant.fault], f"no row notices that {mutant.fault}: add one"
