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
from troposphere import Parameter, Template

from generator.cli.template_text import lint_lines
from generator.model.contract import TEMPLATE_LIMIT_BYTES, TEMPLATE_PATH, Condition, Resource
from generator.model.template_name import TemplateName
from generator.operations.templates import Freshness, GenerateRequest, Written, generate, lint
from generator.template.adoption import same_document
from generator.template.comments import COMMENTS, STATEMENTS
from generator.template.emit import Format, _text, emit, emit_named, template_dict, wire
from generator.template.flow import flow
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


@pytest.mark.parametrize("fmt", ["yaml", "json"])
@pytest.mark.parametrize("name", TemplateName)
def test_every_template_is_ascii(name: TemplateName, fmt: Format) -> None:
    """CloudFormation gives back ? for any other character."""
    assert emit_named(name, fmt).isascii() and wire_form(emit_named(name, fmt)).isascii()
    assert wire().isascii() and emit(fmt, pure=True).isascii()


@pytest.mark.parametrize("text", ["cluster-\u2026", "\u00fc: \u65e5", "\U0001f600 and\nmore", "\u00a0"])
def test_a_text_that_is_not_ascii_is_written_as_escapes(text: str) -> None:
    template = Template()
    template.add_parameter(Parameter("P", Type="String", Description=text))
    forms = [_text(template, "", {}, "yaml", pure) for pure in (True, False)]
    as_json = _text(template, "", {}, "json")
    assert as_json.isascii() and json.loads(as_json)["Parameters"]["P"]["Description"] == text
    for written in (*forms, wire(template)):
        assert written.isascii() and yaml.load(written, Loader)["Parameters"]["P"]["Description"] == text


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
LEFT = 1_500
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
    assert set(COMMENTS) <= {*Resource, *Condition}


def test_a_reviewer_reads_lines_of_a_page_and_one_property_a_line() -> None:
    lines = emit().split("      Code:")[0].splitlines()
    assert max(len(line) for line in lines) < 260
    crowded = [line for line in lines if line.count(": ") > 3 and "{" in line and "!Sub" not in line]
    assert crowded == []


def test_resources_say_what_they_are_first() -> None:
    text = emit()
    assert [name for name in Resource if f"\n  {name}:\n    Type: " not in text] == []


def test_the_keeper_in_the_template_is_its_file_in_both_forms() -> None:
    written = (GOLDEN.parents[1] / "generator/keeper/index.py").read_text()
    for text in (emit(), wire()):
        keeper = json.loads(cfn_flip.to_json(text))["Resources"]["KeeperFunction"]["Properties"]
        assert keeper["Code"]["ZipFile"] == written
        module, function = keeper["Handler"].split(".")
        assert (module, f"def {function}(event, context):" in written) == ("index", True)
    indented = "".join(f"          {line}\n" if line else "\n" for line in written.splitlines())
    assert f"        ZipFile: |\n{indented}" in emit(), "a reader sees it line by line"


def test_the_keeper_is_written_to_be_read() -> None:
    """It ships as it is: no annotations (they cost a tenth), a comment over what does not say itself why it is so."""
    text = (GOLDEN.parents[1] / "generator/keeper/index.py").read_text()
    tree = ast.parse(text)
    annotated = [n.lineno for n in ast.walk(tree) if isinstance(n, ast.AnnAssign) or getattr(n, "annotation", None)]
    assert annotated == []
    lines = text.splitlines()
    assert not [line for line in lines if len(line) > 120 or "; " in line.split("#")[0].replace("'; '", "")]
    assert sum("#" in line for line in lines) > 25


def test_the_keeper_fits_lambdas_inline_code() -> None:
    """CloudFormation's zip of it may have 4 MB (AWS::Lambda::Function Code, ZipFile); a zip of it is smaller."""
    assert len((GOLDEN.parents[1] / "generator/keeper/index.py").read_bytes()) < 4_000_000


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
