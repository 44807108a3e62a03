"""Every command judges every world rightly."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.worlds.play import Theatre
from tests.worlds.tables import WORLDS
from tests.worlds.world import World

KNOWS_THE_PRODUCT = {"mutants.py"}


@pytest.mark.parametrize("world", [pytest.param(world, id=world.name) for world in WORLDS])
def test_world(world: World, theatre: Theatre) -> None:
    theatre.played(world).judge(world)


def test_there_are_many_worlds_each_with_a_name_of_its_own() -> None:
    assert len({world.name for world in WORLDS}) == len(WORLDS) >= 40


def test_every_world_has_a_name_of_its_own() -> None:
    assert len({world.name for world in WORLDS}) == len(WORLDS)


def test_the_worlds_know_nothing_of_the_product() -> None:
    """What judges the product from outside must not change with it."""
    for file in Path(__file__).parent.glob("*.py"):
        tree = ast.walk(ast.parse(file.read_text()))
        imported = {node.module or "" for node in tree if isinstance(node, ast.ImportFrom)}
        knows = any(name.startswith("generator") for name in imported)
        assert knows == (file.name in KNOWS_THE_PRODUCT), file.name
