"""What the sandbox uses of MiniStack beyond its public interface: each name on one list, with a reason, and few."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.sandbox.private_names import PRIVATE_NAMES, RECORD_FIELDS, SIGNATURES, check

ROOM = Path(__file__).parents[2] / "generator" / "sandbox"
FILES = sorted(ROOM.rglob("*.py"))
MOST = 60
LISTED = {f"ministack.{module}.{name}" for module, names in PRIVATE_NAMES.items() for name in names}


def imported(tree: ast.Module) -> dict[str, str]:
    """Name in the file -> dotted name in MiniStack."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "ministack":
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {a.asname or a.name: a.name for a in node.names if a.name.partition(".")[0] == "ministack"}
    return names


def dotted(node: ast.expr) -> str:
    """`a.b.c` of an attribute or a name; "" for anything else."""
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return node.id if isinstance(node, ast.Name) else ""


def used(source: str) -> Iterator[str]:
    """Every dotted name of MiniStack in a source: imports, attributes, and names given to getattr and its kind."""
    tree = ast.parse(source)
    names = imported(tree)
    yield from names.values()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            head, _, rest = dotted(node).partition(".")
            if head in names:
                yield f"{names[head]}.{rest}"
        elif isinstance(node, ast.Call) and dotted(node.func) in ("getattr", "setattr", "hasattr", "delattr", "vars"):
            owner = names.get(dotted(node.args[0]).partition(".")[0], "")
            name = node.args[1] if len(node.args) > 1 else None
            if owner:  # a name that is made up at run time is on no list
                yield f"{owner}.{name.value if isinstance(name, ast.Constant) else '_unknown'}"


def private(source: str) -> set[str]:
    """Those with a private part, up to that part: `module._name` of `module._name.get`."""
    names = set()
    for name in used(source):
        parts = name.split(".")
        hidden = [place for place, part in enumerate(parts) if part[0] == "_" and part[:2] != "__"]
        if hidden:
            names.add(".".join(parts[: hidden[-1] + 1]))
    return names


def keys(source: str) -> Iterator[str]:
    """Every constant that a source looks up in a mapping."""
    for node in ast.walk(ast.parse(source)):
        key: ast.expr | None = None
        if isinstance(node, ast.Subscript):
            key = node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            key = node.args[0] if node.func.attr in ("get", "pop", "setdefault") else None
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value


def test_the_reader_sees_every_kind_of_use() -> None:
    source = (
        "from ministack.services import ec2 as e\nimport ministack.app\nfrom ministack.core.router import _routes\n"
        "e._vpcs['x'] = 1\ne._vpcs._data\nsetattr(e, '_subnets', 1)\ngetattr(e, '_' + 'x')\ne.reset()\ne.__name__"
    )
    assert private(source) == {
        "ministack.core.router._routes",
        "ministack.services.ec2._vpcs",
        "ministack.services.ec2._vpcs._data",
        "ministack.services.ec2._subnets",
        "ministack.services.ec2._unknown",
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOM)))
def test_a_private_name_is_used_only_when_it_is_listed(path: Path) -> None:
    assert private(path.read_text()) <= LISTED


def test_every_listed_name_is_used_and_has_a_reason() -> None:
    assert set().union(*(private(path.read_text()) for path in FILES)) >= LISTED
    assert all(reason for names in (*PRIVATE_NAMES.values(), RECORD_FIELDS) for reason in names.values())
    assert {name.rpartition(".")[0] for name in SIGNATURES} <= set(PRIVATE_NAMES)


def test_there_are_few_of_them() -> None:
    assert len(LISTED) <= MOST


def test_the_private_fields_of_records_are_those_listed() -> None:
    """A record of MiniStack is a dict: its private fields are keys. The sandbox's own begin with an underscore too."""
    own = {"_after", "_before", "_cleaning", "_pruned", "_secrets"}
    fields = {key for path in FILES for key in keys(path.read_text()) if key[:1] == "_" and key[:2] != "__"}
    assert fields == own | set(RECORD_FIELDS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOM)))
def test_every_name_of_ministack_that_is_used_exists(path: Path) -> None:
    for name in used(path.read_text()):
        module, attributes = name, []
        while True:
            try:
                owner: object = importlib.import_module(module)
                break
            except ModuleNotFoundError:
                module, _, attribute = module.rpartition(".")
                attributes.insert(0, attribute)
        for attribute in attributes:
            assert hasattr(owner, attribute) or attribute == "handle_request", name
            owner = getattr(owner, attribute)


def test_the_version_and_the_shapes_are_the_expected_ones() -> None:
    check()


def test_a_name_that_has_gone_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    from generator.errors import DeployerError

    monkeypatch.setitem(PRIVATE_NAMES["services.ec2"], "_gone", "nothing")
    with pytest.raises(DeployerError, match=r"services\.ec2\._gone has changed"):
        check()
