"""Every command judges every world rightly."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.worlds import clean, people, resources, support_user
from tests.worlds.play import play
from tests.worlds.scenes import Site
from tests.worlds.world import World, WrongVerdict

WORLDS = (*clean.WORLDS, *support_user.WORLDS, *resources.WORLDS, *people.WORLDS)


def _param(world: World) -> object:
    excused = [pytest.mark.xfail(reason=world.fault, strict=True, raises=WrongVerdict)] if world.fault else []
    return pytest.param(world, id=world.name, marks=excused)


@pytest.mark.parametrize("world", [_param(world) for world in WORLDS])
def test_world(world: World, site: Site) -> None:
    play(world, site).judge(world)


def test_every_world_has_a_name_of_its_own() -> None:
    assert len({world.name for world in WORLDS}) == len(WORLDS)


def test_the_worlds_know_nothing_of_the_product() -> None:
    """What judges the product from outside must not change with it. Mutants are the product's own."""
    for file in sorted(set(Path(__file__).parent.glob("*.py")) - {Path(__file__).with_name("test_mutants.py")}):
        tree = ast.walk(ast.parse(file.read_text()))
        imported = {node.module or "" for node in tree if isinstance(node, ast.ImportFrom)}
        assert not {name for name in imported if name.startswith("generator")}, file.name
