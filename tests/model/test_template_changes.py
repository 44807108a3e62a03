"""The template's changelog: complete, in order, and told from the version that a stack has."""

import pytest

from generator import __version__
from generator.model.template_changes import VERSIONS, TemplateVersion, versions_since

NUMBERS = [tuple(map(int, each.version.split("."))) for each in VERSIONS]


def test_the_newest_comes_first_and_none_is_of_a_later_version_than_this_program() -> None:
    assert sorted(NUMBERS, reverse=True) == NUMBERS
    assert list(versions_since(__version__)) == []
    assert all(sentence.endswith(".") for each in VERSIONS for sentence in each.changes)


@pytest.mark.parametrize(
    ("version", "newer"),
    [
        ("", ["0.10.0", "0.9.0", "0.1.0"]),
        ("published", ["0.10.0", "0.9.0", "0.1.0"]),
        ("0.1.0", ["0.10.0", "0.9.0"]),
        ("0.9.0", ["0.10.0"]),
        ("0.9.1", ["0.10.0"]),
        ("0.10.0", []),
        ("1.0.0", []),
    ],
)
def test_what_is_newer_than_the_stack_is_told(monkeypatch: pytest.MonkeyPatch, version: str, newer: list[str]) -> None:
    versions = tuple(TemplateVersion(each, ()) for each in ("0.10.0", "0.9.0", "0.1.0"))
    monkeypatch.setattr("generator.model.template_changes.VERSIONS", versions)
    assert [each.version for each in versions_since(version)] == newer
