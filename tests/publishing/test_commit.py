"""What a version is made from: said where it is known, by the package or by git, and left out where it is not."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from generator.cli.publish_text import plan_lines
from generator.model.provenance import Source, provenance, source_of
from generator.model.release import PublishPlan
from generator.model.signature import Statement, sha256_of
from generator.operations.publishing.commit import source_commit
from generator.signing.bundle import sign_content, sign_statement
from tests.embedded import run
from tests.signing.conftest import pair

COMMIT, LOCK = "0123456789" * 4, "ab" * 32
KEY = ("--key", "vendor.pub")


def git(folder: Path, *argv: str) -> str:
    who = ("-c", "user.name=r", "-c", "user.email=r@example.com", "-c", "commit.gpgsign=false")
    ran = subprocess.run(["git", *who, *argv], cwd=folder, check=True, capture_output=True, text=True)
    return ran.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / "generator").mkdir(parents=True)
    (folder / "generator/__init__.py").write_text("")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "Begin")
    return folder


def test_a_clean_checkout_names_its_commit(checkout: Path) -> None:
    (checkout / "vendor.key").write_text("beside it, and in no package")
    assert source_commit(checkout / "generator") == git(checkout, "rev-parse", "HEAD")


CHANGES = {
    "a file that is changed": ("generator/__init__.py", "x = 1"),
    "a file that git does not know": ("generator/more.py", ""),
    "a page for the manual": ("share/man/deployer.1", ""),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_checkout_names_none(change: str, checkout: Path) -> None:
    name, text = CHANGES[change]
    (checkout / name).parent.mkdir(exist_ok=True, parents=True)
    (checkout / name).write_text(text)
    assert source_commit(checkout / "generator") == ""


def test_what_git_does_not_know_as_a_checkout_names_none(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder within another project's checkout, one without git, and a repository without a commit."""
    inner = checkout / "vendored/generator"
    inner.mkdir(parents=True)
    assert source_commit(inner) == ""
    git(inner.parent, "init", "--quiet")
    assert source_commit(inner) == ""
    monkeypatch.setenv("PATH", "")
    assert source_commit(checkout / "generator") == ""


def test_what_the_package_says_comes_first_and_only_a_commit_counts(checkout: Path) -> None:
    built_in = checkout / "generator/commit.txt"
    for text, commit in ((f"{COMMIT}\n", COMMIT), ("a" * 64, "a" * 64), ("main", ""), (COMMIT[1:], ""), ("\xe9", "")):
        built_in.write_text(text)
        assert source_commit(built_in.parent) == commit


def dependencies(source: Source) -> Any:
    definition = provenance("1.2.3", {"a": "b"}, source).predicate["buildDefinition"]
    assert isinstance(definition, Mapping)
    return definition["resolvedDependencies"]


DIGESTS = {"sha256": 64, "gitCommit": 40}
"""The digests that are written, of in-toto's DigestSet, and how many hexadecimal digits each has."""


def test_each_dependency_is_a_resource_descriptor_and_what_is_not_known_is_left_out() -> None:
    """SLSA provenance v1: a list of in-toto's ResourceDescriptor, each with a URI, a digest or content."""
    written = dependencies(Source(COMMIT, LOCK))
    assert [sorted(each) for each in written] == [["digest", "uri"], ["digest", "name"]]
    for each in written:
        assert set(each) <= {"uri", "digest", "name", "downloadLocation", "mediaType", "content", "annotations"}
        assert re.fullmatch(r"[a-z][a-z0-9+.-]*:\S+", each.get("uri", "a:b")), "a URI has a scheme"
        for kind, digest in each["digest"].items():
            assert re.fullmatch(f"[0-9a-f]{{{DIGESTS[kind]}}}", digest)
    assert dependencies(Source("", LOCK)) == written[1:] and dependencies(Source(COMMIT)) == written[:1]
    assert dependencies(Source()) == []


@pytest.mark.parametrize("source", [Source(COMMIT, LOCK), Source(COMMIT), Source("", LOCK), Source()])
def test_it_is_read_as_it_was_written(source: Source) -> None:
    assert source_of(provenance("1.2.3", {"a": "b"}, source)) == source


OTHERS: list[object] = [
    None,
    "text",
    [1, {}, {"uri": "git+https://example.com/other", "digest": {"gitCommit": COMMIT}}],
    [{"uri": "tag:deepsql.ai,2026:deployer/source", "digest": {"gitCommit": f"{COMMIT}\x1b[2J"}}],
    [{"uri": "tag:deepsql.ai,2026:deployer/source", "digest": COMMIT}],
    [{"uri": "tag:deepsql.ai,2026:deployer/source", "digest": {"gitCommit": digit * 40}} for digit in "ab"],
]


@pytest.mark.parametrize("listed", OTHERS, ids=str)
def test_what_is_written_otherwise_says_nothing(listed: object) -> None:
    ours = provenance("1.2.3", {"a": "b"}).predicate
    definition = ours["buildDefinition"]
    assert isinstance(definition, dict)
    changed = {**ours, "buildDefinition": {**definition, "resolvedDependencies": listed}}
    assert source_of(Statement("t", {}, changed)) == Source()


def test_verify_shows_it_in_a_line(folder: Path) -> None:
    content = b"anything"
    (folder / "a.txt").write_bytes(content)
    (folder / "a.txt.sigstore.json").write_text(sign_content(content, pair("vendor"))[0])
    proven = folder / "a.txt.provenance.sigstore.json"
    for source, says in (
        (Source(COMMIT, LOCK), f"made from     commit {COMMIT}, requirements.lock {LOCK}\n"),
        (Source(), "made from     commit not known, requirements.lock not known\n"),
    ):
        stated = provenance("1.2.3", {"a.txt": sha256_of(content)}, source)
        proven.write_text(sign_statement(stated, pair("vendor")))
        done = run("verify", "a.txt", *KEY)
        assert done.code == 0 and says in done.out, done.out + done.err
    proven.unlink()
    assert "made from" not in run("verify", "a.txt", *KEY).out, "nobody says it"


def test_a_plan_says_that_no_commit_is_named() -> None:
    def shown(source: Source | None) -> str:
        return "\n".join(plan_lines(PublishPlan("1.2.3", "b", "p", "k", source, ("p/a",), (), True, "", ())))

    assert "commit not known" in shown(Source("", LOCK)) and "it is left out" in shown(Source("", LOCK))
    assert f"commit {COMMIT}" in shown(Source(COMMIT, LOCK)) and "left out" not in shown(Source(COMMIT, LOCK))
    assert "made from" not in shown(None), "what is there was made before"
