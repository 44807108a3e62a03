"""`lint` as it is typed: the document is complete and the exit code is right whatever the files are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.embedded import run

BAD = "Resources: {Thing: {Type: AWS::SNS::Topic, Properties: {NoSuch: 1}}}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files of each kind; "absent" is not there."""
    for variable in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad").write_text(BAD)
    (tmp_path / "broken").write_text("Resources: [")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "large").write_bytes(b"x" * 1_100_000)
    return tmp_path


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"Resources":' * 70_000, "a: " + "{a: " * 100_000, "- " * 100_000],
    ids=["lists", "maps", "maps in a block", "blocks"],
)
def test_a_template_of_any_depth_has_its_finding(text: str, folder: Path) -> None:
    """In a process of its own: what goes too deep in a parser ends the process, and no document is written."""
    (folder / "deep").write_text(text)
    argv = [sys.executable, "-m", "generator", "lint", "deep", "bad", "--format", "sarif"]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (3, "")
    assert in_sarif(done.stdout) == [("deep", "E0000"), ("bad", "E3002")]


def test_a_template_in_another_encoding_is_called_that(folder: Path) -> None:
    for encoding in ("utf-16", "latin-1"):
        (folder / "encoded").write_bytes(f"# ä\n{BAD}".encode(encoding))
        failed = run("lint", "encoded")
        assert failed.err == (
            "error: encoded could not be read: it is not text in UTF-8.\n  next: Save it as UTF-8, and run it again.\n"
        )


def in_sarif(out: str) -> list[tuple[str, str]]:
    """The files of a SARIF document and their rules."""
    [run_] = json.loads(out)["runs"]
    return [
        (each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], each["ruleId"])
        for each in run_["results"]
    ]


@pytest.mark.parametrize(("file", "code"), [("absent", 4), (".", 2), ("binary", 2), ("large", 2)])
def test_the_document_of_one_file_that_cannot_be_read_has_its_finding(file: str, code: int) -> None:
    plain, sarif, listed = run("lint", file), run("lint", file, "--format", "sarif"), run("lint", file, "--format=json")
    assert plain.code == sarif.code == listed.code == code
    assert plain.out == "" and plain.err == sarif.err == listed.err and plain.err.startswith("error: ")
    assert in_sarif(sarif.out) == [(file, "E0000")]
    [finding] = json.loads(listed.out)
    assert (finding["file"], f"error: {finding['message']}") == (file, plain.err.splitlines()[0])


def test_an_error_in_json_output_is_the_same_in_each_format() -> None:
    outcomes = [run("lint", "absent", "--output", "json", "--format", form) for form in ("text", "json", "sarif")]
    assert {(each.code, each.error["code"]) for each in outcomes} == {(4, "not-found")}


def test_of_several_files_each_is_in_the_document() -> None:
    done = run("lint", "absent", "broken", "bad", "--format", "sarif")
    assert done.code == 3 and done.err == ""
    assert in_sarif(done.out) == [("absent", "E0000"), ("broken", "E0000"), ("bad", "E3002")]


@pytest.mark.parametrize("files", [("bad",), ("bad", "bad"), ("absent", "bad")])
@pytest.mark.parametrize("form", ["text", "json", "sarif"])
def test_an_unknown_region_is_wrong_usage_for_any_number_of_files(files: tuple[str, ...], form: str) -> None:
    done = run("lint", *files, "--region", "nowhere-1", "--format", form)
    assert (done.code, done.out) == (2, "") and "knows no region nowhere-1" in done.err
