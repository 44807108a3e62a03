"""The import rule of docs/explanation/architecture.md, read off the source."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "generator"
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "model": {"errors"},
    "policies": {"model"},
    "template": {"policies", "model", "errors"},
    "lint": {"model", "errors"},
    "keeper": set(),
    "channel": {"model", "errors"},
    "gateway": {"model", "errors"},
    "host": {"model", "errors"},
    "sandbox": {"model", "errors", "keeper", "channel"},
    "operations": {
        "errors",
        "model",
        "policies",
        "template",
        "lint",
        "keeper",
        "channel",
        "gateway",
        "host",
        "sandbox",
    },
    "cli": {"operations", "model", "errors"},
}
SOLE_OWNER = {
    "awacs": {"policies"},
    "troposphere": {"template"},
    "cfnlint": {"lint"},
    "boto3": {"keeper", "sandbox"},
    "botocore": {"gateway", "keeper"},  # the Lambda runtime brings both
    "websockets": {"channel", "sandbox"},
    "subprocess": {"host"},
    "psycopg": {"host"},
    "pymysql": {"host"},
    "ministack": {"sandbox"},
    "typer": {"cli"},
    "rich": {"cli"},
    "click": set(),
}


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported_modules(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write the whole path of an import"
            module = node.module or ""
            names |= {f"{module}.{alias.name}" for alias in node.names} if module == "generator" else {module}
    return names


ENTRANCES = {ROOT / "__init__.py", ROOT / "__main__.py"}
SOURCES = sorted(set(ROOT.rglob("*.py")) - ENTRANCES)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_room_imports_only_what_the_table_allows(path: Path) -> None:
    room = room_of(path)
    for name in imported_modules(path):
        top, _, rest = name.partition(".")
        if top == "generator":
            target = rest.split(".")[0]
            assert target in MAY_IMPORT[room] | {room, "__version__"}, f"{room} may not import {target}"
        elif top in SOLE_OWNER:
            assert room in SOLE_OWNER[top], f"{top} belongs to {sorted(SOLE_OWNER[top])}, not to {room}"


def test_every_room_is_in_the_table() -> None:
    assert {room_of(p) for p in SOURCES} == set(MAY_IMPORT)
