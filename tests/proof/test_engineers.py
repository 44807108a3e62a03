"""No bound of the engineers' policies could be left out unnoticed: each one's loss turns a denied row round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from generator.policies.engineers import EngineerKind, engineers_policy_document
from generator.template.stack import build
from tests.proof.evaluator import text
from tests.proof.judge import judge
from tests.proof.people import WHO, Actor
from tests.proof.resolve import ACCOUNT, Stack
from tests.proof.tables.engineers import ROWS
from tests.proof.world import World

KINDS = {
    "engineer as a user": EngineerKind.user,
    "engineer in a role": EngineerKind.role,
    "engineer by login": EngineerKind.login,
    "engineer by source identity": EngineerKind.source_identity,
    "engineer with SSH": EngineerKind.user,
}


def wider(kind: EngineerKind, ssh_user: str) -> dict[str, Any]:
    """The policy with one bound less at a time: a resource that is any, a key of a condition that is gone, a
    denial that is gone."""
    policy = engineers_policy_document("team", kind, region="us-east-1", account=ACCOUNT, ssh_user=ssh_user)
    statements: Any = policy["Statement"]
    made = {}
    for at, statement in enumerate(statements):
        if statement["Effect"] == "Deny":
            made[f"without {statement['Sid']}"] = {**policy, "Statement": [*statements[:at], *statements[at + 1 :]]}
            continue
        changed = [("Resource", {**statement, "Resource": "*"})] if statement["Resource"] != "*" else []
        for operator in statement.get("Condition", {}):
            left = {name: keys for name, keys in statement["Condition"].items() if name != operator}
            changed.append((operator, {**statement, "Condition": left}))
        for bound, mutant in changed:
            made[f"{statement['Sid']} without {bound}"] = {
                **policy,
                "Statement": [*statements[:at], mutant, *statements[at + 1 :]],
            }
    return made


class Mutated(World):
    """Who asks is called after the bound that is missing."""

    def __init__(self, who: str, mutants: Mapping[str, Any]) -> None:
        super().__init__(build().to_dict())
        self._who, self._mutants = who, mutants

    def actor(self, who: str, stack: str) -> Actor:
        sound = WHO[self._who](Stack({"Resources": {}}))
        return replace(sound, identity=(text(self._mutants[who]),))


@pytest.mark.parametrize("who", KINDS)
def test_no_bound_could_be_left_out_unnoticed(who: str) -> None:
    mutants = wider(KINDS[who], "ops" if who == "engineer with SSH" else "")
    denied = [row for row in ROWS if row.who == who and row.expect == "denied"]
    asked = [replace(row, who=mutant) for mutant in mutants for row in denied]
    answers = judge(Mutated(who, mutants), asked)
    noticed = {row.who for row in asked if answers[row.id].decision == "allowed"}
    assert len(mutants) >= 9 and set(mutants) - noticed == set()
