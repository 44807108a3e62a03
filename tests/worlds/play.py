"""One world played: made, its command run whole, and the ways in tried again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.embedded import Outcome, run
from tests.worlds.scenes import Site
from tests.worlds.world import Answer, World, judge


@dataclass(frozen=True)
class Played:
    """What came of a world; enough to judge it again elsewhere."""

    answer: Answer
    facts: dict[str, str] = field(default_factory=dict)
    open_ways: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def judge(self, world: World) -> None:
        """Raise WrongVerdict unless the command judged the world rightly."""
        judge(world, self.answer, self.facts, self.open_ways, self.ended)


def play(world: World, site: Site) -> Played:
    """Make the world and run its command. What goes wrong in the making is raised as it is."""
    account = site.begin(world.start)
    world.make(account)
    with site.acting_as(account.caller):
        ran = run(*world.command, "--yes", "--output", "json", "--stack-name", account.stack_name)
    return Played(
        Answer(ran.code, _envelope(ran)),
        account.facts,
        [name for name, probe in account.ways.items() if probe()],
        [name for name, probe in account.customers.items() if not probe()],
    )


def _envelope(ran: Outcome) -> Any:
    """The one JSON value on standard output; a command that left none has judged nothing."""
    try:
        return json.loads(ran.out)
    except ValueError:
        return {"ok": None, "result": None, "error": {"code": "no-envelope", "message": ran.err}}
