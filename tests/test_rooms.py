"""The import rule of docs/explanation/architecture.md, read off the source."""

import ast
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "generator"
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "directories": {"errors"},
    "installation": set(),
    "model": {"errors"},
    "policies": {"model"},
    "template": {"policies", "model", "errors"},
    "lint": {"template", "model", "errors"},
    "keeper": set(),
    "signing": {"model", "errors"},
    "channel": {"model", "errors"},
    "gateway": {"model", "errors", "installation"},
    "host": {"model", "errors", "directories", "installation"},
    "sandbox": {"model", "errors", "directories", "installation", "keeper", "channel"},
    "operations": {
        "errors",
        "directories",
        "installation",
        "model",
        "policies",
        "template",
        "lint",
        "keeper",
        "signing",
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
    "boto3": {"gateway", "keeper", "sandbox"},
    "platformdirs": {"directories"},
    "tomlkit": {"operations"},
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


def imported_names(source: str) -> set[str]:
    """What a file imports, wherever the import stands: `a.b.c` for `from a.b import c`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"write the whole path: {ast.unparse(node)}"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


ENTRANCES = {ROOT / "__init__.py", ROOT / "__main__.py"}
SOURCES = sorted(set(ROOT.rglob("*.py")) - ENTRANCES)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_room_imports_only_what_the_table_allows(path: Path) -> None:
    room = room_of(path)
    for name in imported_names(path.read_text()):
        top, _, rest = name.partition(".")
        if top == "generator":
            target = rest.partition(".")[0]
            assert target in MAY_IMPORT[room] | {room, "__version__"}, f"{room} may not import {target}"
        elif top in SOLE_OWNER:
            assert room in SOLE_OWNER[top], f"{top} belongs to {sorted(SOLE_OWNER[top])}, not to {room}"


def test_every_room_is_in_the_table() -> None:
    assert {room_of(p) for p in SOURCES} == set(MAY_IMPORT)


def imports_between(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """Module -> the modules among `sources` it imports.

    An import inside a function counts, and so does one under TYPE_CHECKING. Neither fails at run time, but whoever
    reads one of two such files has to read the other as well, and neither can be moved without it.
    """
    graph: dict[str, set[str]] = {}
    for module, source in sources.items():
        names = imported_names(source)
        graph[module] = {name if name in sources else name.rpartition(".")[0] for name in names} & set(sources)
    return graph


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """A circle of imports, its first module named again at its end; empty when there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _module(path: Path) -> str:
    return ".".join(("generator", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


def test_no_files_import_each_other_in_a_circle() -> None:
    assert circle(imports_between({_module(path): path.read_text() for path in SOURCES})) == []


def test_no_rooms_import_each_other_in_a_circle() -> None:
    assert circle(MAY_IMPORT) == []


@pytest.mark.parametrize(
    "back",
    [
        "import generator.a.one",
        "from generator.a import one",
        "from generator.a.one import Thing",
        "def later():\n    from generator.a import one",
        "if TYPE_CHECKING:\n    from generator.a.one import Thing",
    ],
)
def test_a_circle_is_detected_however_it_is_imported(back: str) -> None:
    sources = {"generator.a.one": "import generator.b.two", "generator.b.two": back, "generator.b.three": back}
    assert set(circle(imports_between(sources))) == {"generator.a.one", "generator.b.two"}
    assert circle(imports_between({**sources, "generator.b.two": ""})) == []
