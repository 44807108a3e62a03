"""lint over files, and what it remembers of clean ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import generator.lint.engine
from generator.model.lint import Finding, Level
from generator.operations import lint_cache, templates

NESTED = "Resources: {Inner: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: inner.yaml}}}\n"
CLEAN, BROKEN = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}\n", "Resources: {Topic: {Type: 'AWS::SNS::Topi'}}\n"


@pytest.fixture
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were really checked, with a cache of their own."""
    names: list[str] = []

    def lint_text(text: str, name: str, regions: tuple[str, ...], file: str | None) -> list[Finding]:
        names.append(Path(name).name)
        return [] if text in (CLEAN, NESTED) else [Finding("E3006", Level.ERROR, "No such type.")]

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(generator.lint.engine, "lint_text", lint_text)
    monkeypatch.setattr(templates, "_load_cfn_lint", lambda regions: None)
    return names


@pytest.fixture
def lint(tmp_path: Path) -> Callable[..., list[int]]:
    """Lint files of these texts; how many findings each has."""

    def run(**texts: str) -> list[int]:
        files = [tmp_path / name for name in texts]
        for file, text in zip(files, texts.values(), strict=True):
            file.write_text(text)
        return [len(report.findings) for report in templates.lint(files).reports]

    return run


def test_an_unchanged_clean_template_is_not_checked_again(
    checked: list[str], lint: Callable[..., list[int]], tmp_path: Path
) -> None:
    assert lint(a=CLEAN, b=BROKEN) == [0, 1]
    assert lint(a=CLEAN, b=BROKEN, c=CLEAN) == [0, 1, 0]
    assert checked == ["a", "b", "b"], "findings are found again, each time"
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert [path.stat().st_size for path in kept] == [0], "nothing of a template is written down"
    assert lint(a=BROKEN) == [1]


def test_what_hangs_on_more_than_the_text_is_checked_again(
    checked: list[str], lint: Callable[..., list[int]], tmp_path: Path
) -> None:
    assert lint(a=NESTED) == lint(a=NESTED) == [0], "the template of its nested stack may have changed"
    assert checked == ["a", "a"]
    assert lint(b=CLEAN) == [0]
    (tmp_path / "b").write_bytes(CLEAN.encode().replace(b"\n", b"\r\n"))
    templates.lint([tmp_path / "b"])
    assert checked == ["a", "a", "b", "b"], "the file may be too large with other line ends"


@pytest.mark.parametrize("what", ["version", "RULES"])
def test_what_judges_is_part_of_the_verdict(
    what: str, checked: list[str], lint: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lint(a=CLEAN)
    monkeypatch.setattr(lint_cache, what, (lambda _: "0") if what == "version" else ("model",))
    lint(a=CLEAN)
    assert checked == ["a", "a"]


def test_without_a_place_for_it_nothing_is_remembered(
    checked: list[str], lint: Callable[..., list[int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert lint(a=CLEAN) == lint(a=CLEAN) == [0]
    assert checked == ["a", "a"]
