"""One world played: made, its command run whole, and the ways in tried again. Each is played once in a session."""

from __future__ import annotations

import contextlib
import fcntl
import json
import pickle
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.embedded import Outcome, run
from tests.worlds.mutants import Recording, recording
from tests.worlds.scenes import Site
from tests.worlds.world import Answer, World, WrongVerdict, judge


@dataclass(frozen=True)
class Played:
    """What came of a world; enough to judge it again elsewhere."""

    answer: Answer
    facts: dict[str, str] = field(default_factory=dict)
    open_ways: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    recording: Recording = field(default_factory=Recording)

    def judge(self, world: World) -> None:
        """Raise WrongVerdict unless the command judged the world rightly."""
        judge(world, self.answer, self.facts, self.open_ways, self.ended)

    def is_right(self, world: World, answer: Answer) -> bool:
        """Whether this would have been the right answer too."""
        try:
            judge(world, answer, self.facts, self.open_ways, self.ended)
        except WrongVerdict:
            return False
        return True


@dataclass(frozen=True)
class Theatre:
    """Plays each world once, whichever worker asks first; the others read what came of it.

    `site` starts this worker's sandbox when it is first needed, `directory` is shared by all workers of a session.
    """

    site: Callable[[], Site]
    directory: Path

    def played(self, world: World) -> Played:
        """What came of a world, now or earlier. What goes wrong in the making is raised as it is."""
        file = self.directory / re.sub(r"\W+", "-", world.name)
        with _locked(file.with_suffix(".lock")):
            if not file.exists():
                file.write_bytes(pickle.dumps(play(world, self.site())))
            found: Played = pickle.loads(file.read_bytes())
            return found


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def play(world: World, site: Site) -> Played:
    """Make the world and run its command."""
    with site.entered():
        account = site.begin(world.start)
        world.make(account)
        with site.entered(account.caller), recording() as recorded, account.interfering():
            ran = run(*world.command, "--yes", "--output", "json", "--stack-name", account.stack_name)
        recorded.answer = Answer(ran.code, _envelope(ran))
        return Played(
            recorded.answer,
            account.facts,
            [name for name, probe in account.ways.items() if probe()],
            [name for name, probe in account.customers.items() if not probe()],
            recorded,
        )


def _envelope(ran: Outcome) -> Any:
    """The one JSON value on standard output; a command that left none has judged nothing."""
    try:
        return json.loads(ran.out)
    except ValueError:
        return {"ok": None, "result": None, "error": {"code": "no-envelope", "message": ran.err}}
