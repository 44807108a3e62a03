"""A new version of MiniStack is noticed here before it misbehaves."""

import ast
import importlib
from pathlib import Path

import pytest

ROOM = Path(__file__).parents[2] / "generator" / "sandbox"
FILES = sorted(ROOM.rglob("*.py"))


def imported_from_ministack(tree: ast.Module) -> dict[str, str]:
    """Name in the file -> dotted name in MiniStack."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ministack"):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def resolve(dotted: str) -> object:
    """A module, or a name in one."""
    try:
        return importlib.import_module(dotted)
    except ModuleNotFoundError:
        module, _, name = dotted.rpartition(".")
        return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOM)))
def test_every_name_of_ministack_that_is_used_exists(path: Path) -> None:
    tree = ast.parse(path.read_text())
    owners = {name: resolve(dotted) for name, dotted in imported_from_ministack(tree).items()}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in owners:
            assert hasattr(owners[node.value.id], node.attr), f"{node.value.id}.{node.attr}"


def test_the_version_and_the_functions_stood_in_for_are_the_expected_ones() -> None:
    from generator.sandbox import private_names

    private_names.check()
