"""The emitted text: fresh, the same each time, small, and nothing but the template."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import cfn_flip
import pytest
import yaml

from generator.model.contract import TEMPLATE_LIMIT_BYTES, TEMPLATE_PATH, Resource
from generator.template.emit import COMMENTS, emit, template_dict
from generator.template.keeper import source
from generator.template.layout import indent_by_one
from generator.template.minify import minify

GOLDEN = Path(__file__).parents[2] / TEMPLATE_PATH


def test_the_committed_file_is_what_is_emitted() -> None:
    assert GOLDEN.read_text() == emit(), "run: make generate"


@pytest.mark.parametrize("text", [emit("yaml"), emit("yaml", pure=True), emit("json")], ids=["libyaml", "pure", "json"])
def test_every_form_says_the_same(text: str) -> None:
    assert json.loads(cfn_flip.to_json(text)) == template_dict()


def test_both_emitters_give_the_same_bytes() -> None:
    assert emit(pure=True) == emit()


def test_another_process_gives_the_same_bytes() -> None:
    """Sets and hashes differ from process to process; the text must not."""
    program = "from generator.template.emit import emit; print(emit(), end='')"
    environment = {"PYTHONHASHSEED": "7", "PYTHONPATH": str(GOLDEN.parents[1])}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout == emit()


def test_the_text_can_be_sent_without_a_bucket() -> None:
    assert len(emit().encode()) < TEMPLATE_LIMIT_BYTES
    assert len(emit("json").encode()) < TEMPLATE_LIMIT_BYTES


def test_a_reviewer_finds_headings() -> None:
    lines = emit().splitlines()
    for name, comment in COMMENTS.items():
        assert lines[lines.index(f" # {comment}") + 1] == f" {name}:"
    assert max(len(line) for line in lines) < 260


def test_resources_say_what_they_are_first() -> None:
    text = emit()
    assert [name for name in Resource if f"\n {name}:\n  Type: " not in text] == []


def test_one_space_a_level_says_the_same() -> None:
    text = """\
a:
  b:
  - - c: |-
        text
          deeper

        end
      d: x
    - e
  - f:
      g: h
i: j
"""
    assert (
        indent_by_one(text)
        == """\
a:
 b:
 - - c: |-
      text
        deeper

      end
     d: x
   - e
 - f:
    g: h
i: j
"""
    )
    assert yaml.safe_load(indent_by_one(text)) == yaml.safe_load(text)


def test_slimming_keeps_the_program() -> None:
    text = '''
"""Module."""
from __future__ import annotations
from typing import Any
limit: int = 3  # a comment
unset: int
class Empty(Exception):
    """Nothing here."""
def double(values: list[int], /, *, by: int = 2) -> dict[str, Any]:
    """Doubles."""
    if values:
        text = "    kept  # as it is\\n    here"
        return {text: [v * by for v in values]}
    return {}
'''
    minified = minify(text)
    assert '"""' not in minified
    assert "# a comment" not in minified
    one: dict[str, object] = {}
    other: dict[str, object] = {}
    exec(text, one)
    exec(minified, other)
    assert one["double"]([1, 2]) == other["double"]([1, 2])  # type: ignore[operator]
    assert other["limit"] == 3


def test_the_keeper_in_the_template_is_the_keeper() -> None:
    keeper = template_dict()["Resources"]["KeeperFunction"]["Properties"]  # type: ignore[index]
    assert keeper["Code"]["ZipFile"] == source()
    module, function = keeper["Handler"].split(".")
    assert (module, f"def {function}(event, context):" in source()) == ("index", True)
    original = (GOLDEN.parents[1] / "generator/keeper/index.py").read_text()
    assert shape(source()) == shape(original)


def test_every_python_writes_the_keeper_with_the_same_quotes() -> None:
    """Since Python 3.12 a string within an f-string may have its quotes, and the golden file would depend on it."""
    original = ast.parse((GOLDEN.parents[1] / "generator/keeper/index.py").read_text())
    fields = [node.value for node in ast.walk(original) if isinstance(node, ast.FormattedValue)]
    within = [node for field in fields for node in ast.walk(field) if isinstance(node, ast.Constant)]
    assert fields and not [node.lineno for node in within if isinstance(node.value, str)]


def shape(text: str) -> str:
    """The program's syntax tree without docstrings and annotations."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            has_docstring = ast.get_docstring(node) is not None
            node.body = node.body[has_docstring:] or [ast.Pass()]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
        for name, body in ast.iter_fields(node):
            if isinstance(body, list):
                setattr(node, name, [_unannotated(part) for part in body if not _is_typing(part)])
    return ast.dump(tree)


def _unannotated(node: ast.AST) -> ast.AST:
    is_assignment = isinstance(node, ast.AnnAssign) and node.value is not None
    return ast.Assign([node.target], node.value) if is_assignment else node  # type: ignore[attr-defined]


def _is_typing(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "typing"
