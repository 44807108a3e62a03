"""JSON of other people is read in one place, where whatever is wrong with it is one kind of error."""

from __future__ import annotations

from pathlib import Path

import pytest

import generator
from generator.model.evidence import parse_line
from generator.model.json_text import parse_json
from generator.model.session_log import ShellLogging
from generator.template.nesting import DEEPEST, too_deep

OWN = {
    *("model/json_text.py", "model/permissions.py", "model/handler_permissions.py", "model/evidence.py"),
    *("cli/permissions_text.py", "operations/database/iam_policy.py", "installation.py"),
    *("operations/stack/stack_policy.py", "gateway/ssm.py"),  # what CloudFormation has checked, what is saved here
    *("signing/bundle.py", "lint/documents.py", "cli/parameter_file.py"),  # which say themselves what is too deep
    *("template/yaml_document.py", "template/layout.py"),  # a template: its nesting is asked before
}
"""Files that read JSON of this program, or have a reason of their own."""
DEEP = ["[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000]


def shown(text: str | bytes) -> str:
    """The begin of a text that is too long for the name of a test."""
    return ascii(text[:12])


@pytest.mark.parametrize("text", [*DEEP, "", "{", "NaNN", b"\xff"], ids=shown)
def test_what_cannot_be_read_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"^.{1,200}$"):
        parse_json(text)


def test_what_can_be_read_is_as_json_has_it() -> None:
    assert parse_json('{"a": [1, null]}') == parse_json(b'{"a": [1, null]}') == {"a": [1, None]}


def test_json_of_others_is_read_nowhere_else() -> None:
    root = Path(generator.__file__).parent
    reading = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if path.relative_to(root).parts[0] not in ("sandbox", "keeper") and "json.loads(" in path.read_text()
    }
    assert reading == OWN


@pytest.mark.parametrize("text", DEEP, ids=shown)
def test_a_line_of_a_log_and_a_document_may_be_anything(text: str) -> None:
    assert parse_line(text) is None and ShellLogging.of(text) == ShellLogging.of("{}")


@pytest.mark.parametrize(
    "text",
    [*DEEP, "- " * 5000, "a: " + "{a: " * 5000, "? " * 5000, "&x [" * 5000, "!Sub [" * 5000, "x: 1\ny: " + DEEP[0]],
    ids=shown,
)
def test_a_text_with_more_levels_than_can_be_read_is_known_before(text: str) -> None:
    assert too_deep(text)


@pytest.mark.parametrize(
    "text", ["", "[", "\0", "a: [1", "[]" * 5000, "- [a]\n" * 5000, "'" + "[" * 5000 + "'", "\ud800"]
)
def test_a_long_text_is_not_a_deep_one(text: str) -> None:
    assert not too_deep(text)
    assert not too_deep("[" * DEEPEST) and too_deep("[" * (DEEPEST + 1))
