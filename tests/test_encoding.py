"""Text files are UTF-8 whatever the computer's locale says: every place that reads or writes one says so."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "generator"
STREAMS = {"cli/main.py"}
"""Opens the terminal's own streams, which go by the locale."""


def unsaid(source: str) -> Iterator[int]:
    """The lines that open a file as text and name no encoding."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or any(keyword.arg == "encoding" for keyword in node.keywords):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        modes = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        text = any(mode.strip("rwax+t") == "" and mode for mode in modes)
        if (name == "read_text" and not node.args) or name == "write_text" or (name in ("open", "fdopen") and text):
            yield node.lineno


def test_every_text_file_is_read_and_written_as_utf_8() -> None:
    sources = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in ROOT.rglob("*.py")}
    assert len(sources) > 300
    assert [f"{name}:{line}" for name, text in sources.items() if name not in STREAMS for line in unsaid(text)] == []


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("p.read_text()", True),
        ("p.write_text(x)", True),
        ("open(p, 'w')", True),
        ("os.fdopen(f, 'r+')", True),
        ("p.read_text(encoding='utf-8')", False),
        ("p.open('rb')", False),
        ("tunnel.open()", False),
        ("parse.read_text(path)", False),
    ],
)
def test_what_is_noticed(source: str, seen: bool) -> None:
    assert bool(list(unsaid(source))) == seen
