"""The emitted text: fresh, the same each time, small, and nothing but the template."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cfn_flip
import pytest
import yaml

from generator.cli.template_text import lint_lines
from generator.model.contract import TEMPLATE_LIMIT_BYTES, TEMPLATE_PATH, Resource
from generator.model.template_name import TemplateName
from generator.operations.templates import Freshness, GenerateRequest, Written, generate, lint
from generator.template.adoption import same_document
from generator.template.comments import COMMENTS, STATEMENTS
from generator.template.emit import emit, template_dict, wire
from generator.template.flow import flow
from generator.template.keeper import source
from generator.template.minify import minify
from generator.template.yaml_document import LOADER, children, wire_form
from generator.template.yaml_nodes import to_node

NO_REASON = {Resource.INSTALL_SETTINGS}
"""What the comment over its neighbour explains as well."""
PLAIN_SIDS = {
    "Ec2Assumes",
    "LambdaAssumes",
    "Ec2AssumesForTheBastion",
    "KeepThisSecret",
    "WriteItsOwnLog",
    "EndOwnSessionsAsRole",
}
"""Statements that say all there is to say themselves."""


class Loader(yaml.CSafeLoader):
    """libyaml with CloudFormation's short forms as pairs."""


class PureLoader(yaml.SafeLoader):
    """PyYAML's own parser with them."""


def _short_form(loader: Any, suffix: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.ScalarNode):
        return suffix, node.value
    return suffix, loader.construct_sequence(node, deep=True)


for each in (Loader, PureLoader):
    each.add_multi_constructor("!", _short_form)

GOLDEN = Path(__file__).parents[2] / TEMPLATE_PATH


def test_the_committed_file_is_what_is_emitted() -> None:
    assert GOLDEN.read_text() == emit(), "run: make generate"


@pytest.mark.parametrize(
    "text",
    [emit("yaml"), emit("yaml", pure=True), emit("json"), wire()],
    ids=["libyaml", "pure", "json", "wire"],
)
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


TEXTS = r"""
a:b|a: b|a #b|#a|- a|-a|{a}|[a]|a, b|'a'|"a"|!a|&a|*|a |a:|$a ^b|
%a|@a|`a|?|=|<<|...|---|…|😀|a|Yes|no|null|~|1|0x1
""".replace("\n", "").split("|")
TEXTS += [
    "",
    "|",
    "1.5",
    "2012-10-17",
    "12:30:45",
    "a\nb",
    "a\n",
    "\n",
    "a\n  b\n\n c\n",
    "tab\there",
    "\\n",
    "a\\\nb",
    "a\n…",
]
TEXTS += ["\x7f", "\x85", "\u2028", "\ufeff", "😀\n", "a\r\nb", "\x00"]
WRITTEN = [
    "0777",
    "12:30:45",
    "1_000",
    "2012-10-17",
    "yes",
    "~",
    "'0777'",
    "!Ref a",
    "!Sub 'a: b'",
    "!Sub [a, {b: 07}]",
    ".5",
]
LEFT = 1_300
"""What the wire form must leave for later versions, in bytes."""


def test_what_is_sent_leaves_room_for_more() -> None:
    assert len(wire().encode()) <= TEMPLATE_LIMIT_BYTES - LEFT


def test_both_forms_are_one_document_for_every_parser() -> None:
    assert same_document(wire(), emit()) and wire_form(emit()) == wire()
    trees = [yaml.load(text, loader) for text in (wire(), emit()) for loader in (Loader, PureLoader)]
    assert all(tree == trees[0] for tree in trees)


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_comes_back_from_flow_style(text: str) -> None:
    written = flow(to_node({"k": [text, {text or "e": text}]}))
    assert "\n" not in written
    for loader in (yaml.CSafeLoader, yaml.SafeLoader):
        assert yaml.load(written, loader) == {"k": [text, {text or "e": text}]}


@pytest.mark.parametrize("written", WRITTEN)
def test_what_somebody_wrote_keeps_its_text_and_its_type(written: str) -> None:
    def seen(node: yaml.Node) -> object:
        value = [seen(child) for child in children(node)] or node.value
        return node.tag, value

    node = yaml.compose(written, Loader=LOADER)
    assert seen(yaml.compose(flow(node), Loader=LOADER)) == seen(node)


def test_a_reviewer_finds_a_reason_over_each_resource_and_over_the_statements() -> None:
    lines = emit().splitlines()
    for name in Resource:
        above = lines[lines.index(f"  {name}:") - 1]
        assert above.startswith("  # ") or name in NO_REASON, name
    sids = {line.split("Sid: ")[1]: lines[number - 1] for number, line in enumerate(lines) if "- Sid: " in line}
    assert {sid for sid, above in sids.items() if not above.lstrip().startswith("# ")} == PLAIN_SIDS
    assert set(STATEMENTS) <= set(sids), "a comment of a statement that is gone"
    assert set(COMMENTS) <= set(Resource)


def test_a_reviewer_reads_lines_of_a_page_and_one_property_a_line() -> None:
    lines = emit().split("      Code:")[0].splitlines()
    assert max(len(line) for line in lines) < 260
    crowded = [line for line in lines if line.count(": ") > 3 and "{" in line and "!Sub" not in line]
    assert crowded == []


def test_resources_say_what_they_are_first() -> None:
    text = emit()
    assert [name for name in Resource if f"\n  {name}:\n    Type: " not in text] == []


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


def test_the_form_that_is_sent_can_be_written_and_checked(tmp_path: Path) -> None:
    file = str(tmp_path / "wire.yaml")
    [made] = generate(GenerateRequest((TemplateName.STACK,), file=file, wire=True))
    assert isinstance(made, Written) and Path(file).read_text() == wire() and made.bytes == len(wire().encode())
    [state] = generate(GenerateRequest((TemplateName.STACK,), file=file, wire=True, check=True))
    assert isinstance(state, Freshness) and state.current
    [other] = generate(GenerateRequest((TemplateName.STACK,), file=file, check=True))
    assert isinstance(other, Freshness) and not other.current, "the file for people is another text"


def test_lint_says_how_much_room_is_left(tmp_path: Path) -> None:
    """The file for people may be longer than what can be sent; what is sent counts."""
    file = tmp_path / "stack.yaml"
    file.write_text(emit())
    assert len(emit().encode()) > TEMPLATE_LIMIT_BYTES
    left = TEMPLATE_LIMIT_BYTES - len(wire().encode())
    [line] = lint_lines(lint([file]))
    assert line.endswith(f"no findings. As it is sent it has {len(wire().encode()):,} bytes; {left:,} are left.")
