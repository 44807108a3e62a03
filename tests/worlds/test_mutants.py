"""The worlds notice when any verdict of a revocation, or any guard of a plan, falls silent.

What the product decided in each world is recorded; here it is decided again, with one judge silenced at a time. A
mutant that still gives every world its right answer survives: add a world in which only that judge says no.
"""

from __future__ import annotations

import pytest

from tests.worlds.mutants import Mutant, Recording, guard_mutants, verdict_mutants
from tests.worlds.play import Played, Theatre
from tests.worlds.tables import WORLDS
from tests.worlds.world import World

Recordings = list[tuple[World, Played]]


@pytest.fixture(scope="session")
def recordings(theatre: Theatre) -> Recordings:
    """What came of every world that the product judges rightly; of the others no mutant could be told apart."""
    return [(world, theatre.played(world)) for world in WORLDS]


def decided_by(mutant: Mutant, recordings: Recordings) -> list[str]:
    """The worlds in which the mutant ends with another exit code: what it names is read by a person alone."""
    with mutant.alive():
        judged = [(world, mutant.answer(played.recording)) for world, played in recordings]
    return [world.name for world, answer in judged if answer and answer.code != world.expected.code]


@pytest.mark.parametrize("mutant", [*verdict_mutants(), *guard_mutants()], ids=lambda mutant: mutant.name)
def test_a_world_notices(mutant: Mutant, recordings: Recordings) -> None:
    assert decided_by(mutant, recordings), f"no world notices when {mutant.name} is silent: add one"


@pytest.mark.parametrize("again", [Recording.of_verdicts, Recording.of_guards], ids=["verdicts", "guards"])
def test_a_recording_gives_the_right_answer_again(again: object, recordings: Recordings) -> None:
    """Else a mutant might be noticed for another reason than its silence."""
    for world, played in recordings:
        answer = again(played.recording)  # type: ignore[operator]
        assert answer is None or played.is_right(world, answer), world.name
