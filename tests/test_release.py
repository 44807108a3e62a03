"""make release: everything is checked and built first, and whatever is wrong is named before anything is published."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from generator import __version__

ROOT = Path(__file__).parents[1]
WHEEL = f"dist/deepsql_deployer-{__version__}-py3-none-any.whl"
ARGS = ("--bucket", "b", "--key", "k")
GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@example.com")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone of a version that is ready, whose `make` and `deployer` only note that they were called."""
    if not (ROOT / ".git").exists():
        pytest.skip("no clone to release from")
    made, programs = tmp_path / "checkout", tmp_path / "bin"
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", str(made)], check=True)
    shutil.copy(ROOT / ".ci/release", made / ".ci/release")
    changes = made / "CHANGELOG.md"
    changes.write_text(changes.read_text().replace("## Unreleased", f"## Unreleased\n\n## {__version__}"))
    git(made, "add", "-A")
    git(made, "commit", "-qm", "Ready")
    for folder, name, does in (
        (made / ".venv/bin", "python", f'exec {sys.executable} "$@"'),
        (made / ".venv/bin", "deployer", f'echo deployer "$@" >>{tmp_path}/log'),
        (programs, "make", f'echo make "$@" >>{tmp_path}/log'),
    ):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"#!/bin/sh\n{does}\n")
        (folder / name).chmod(0o755)
    return made


def git(folder: Path, *words: str) -> str:
    return subprocess.run([*GIT, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def release(checkout: Path, *argv: str) -> tuple[int, str, list[str]]:
    """Exit code, what it said, and which programs it called."""
    env = {**os.environ, "PATH": f"{checkout.parent}/bin:{os.environ['PATH']}"}
    ran = subprocess.run([checkout / ".ci/release", *argv], env=env, capture_output=True, text=True)
    log = checkout.parent / "log"
    return ran.returncode, ran.stdout + ran.stderr, log.read_text().splitlines() if log.exists() else []


def test_the_plan_checks_and_builds_and_publishes_nothing(checkout: Path) -> None:
    code, said, called = release(checkout, "--plan", *ARGS)
    wanted = ["make check", f"make bare WHEEL={WHEEL}", "deployer publish --plan --bucket b --key k"]
    assert (code, called) == (0, wanted), said
    assert len(list((checkout / "dist").iterdir())) == 2 and "nothing was published" in said
    assert git(checkout, "tag") == ""


def test_a_release_is_tagged_once_it_is_published(checkout: Path) -> None:
    code, said, called = release(checkout, *ARGS)
    assert (code, called[-1]) == (0, "deployer publish --bucket b --key k"), said
    assert git(checkout, "tag").split() == [f"v{__version__}"]
    (checkout / ".venv/bin/deployer").write_text("#!/bin/sh\nexit 3\n")
    git(checkout, "tag", "-d", f"v{__version__}")
    assert release(checkout, *ARGS)[0] == 3 and git(checkout, "tag") == ""


def test_a_wheel_that_does_not_start_is_not_published(checkout: Path) -> None:
    (checkout.parent / "bin/make").write_text('#!/bin/sh\n[ "$1" != bare ]\n')
    code, said, called = release(checkout, *ARGS)
    assert (code, called) == (3, []) and "the wheel does not start by uvx and by pipx" in said


def test_a_package_that_cannot_be_built_is_said_to_be_that(checkout: Path) -> None:
    project = checkout / "pyproject.toml"
    project.write_text(project.read_text().replace('readme = "README.md"', 'readme = "NONE.md"'))
    git(checkout, "commit", "-qam", "Broken")
    code, said, called = release(checkout, *ARGS)
    assert (code, called) == (3, ["make check"]) and "the package cannot be built" in said and "NONE.md" in said


def test_the_tag_is_of_the_commit_that_was_built(checkout: Path) -> None:
    """Somebody commits while `make check` runs: nothing is published. While it is published: the tag stays behind."""
    make = checkout.parent / "bin/make"
    commits = f"{' '.join(GIT)} -C {checkout} commit -q --allow-empty -m Meanwhile"
    make.write_text(f'#!/bin/sh\nif [ "$1" = check ]; then {commits}; fi\n')
    code, said, called = release(checkout, *ARGS)
    assert (code, called) == (3, []) and "the checkout was changed meanwhile" in said and git(checkout, "tag") == ""
    make.write_text("#!/bin/sh\n")
    built = git(checkout, "rev-parse", "HEAD")
    (checkout / ".venv/bin/deployer").write_text(f"#!/bin/sh\n{commits}\n")
    git(checkout, "remote", "remove", "origin")
    code, said, _ = release(checkout, *ARGS)
    assert (code, git(checkout, "rev-parse", f"v{__version__}")) == (0, built) and "git push" not in said, said


@pytest.mark.parametrize("heading", ["{}-rc1", "{}.1", "{}1", "1.{}", "[{}"])
def test_the_changelog_has_a_section_of_this_very_version(checkout: Path, heading: str) -> None:
    changes = checkout / "CHANGELOG.md"
    changes.write_text(changes.read_text().replace(f"## {__version__}", f"## {heading.format(__version__)}"))
    git(checkout, "commit", "-qam", "Other")
    code, said, called = release(checkout, *ARGS)
    assert (code, called) == (3, []) and f"CHANGELOG.md has no section {__version__}" in said


def test_everything_that_is_wrong_is_named_before_anything_is_called(checkout: Path) -> None:
    git(checkout, "tag", f"v{__version__}")
    shutil.copy(ROOT / "CHANGELOG.md", checkout / "CHANGELOG.md")
    project = checkout / "pyproject.toml"
    project.write_text(project.read_text().replace(f'version = "{__version__}"', 'version = "0.0.9"'))
    (checkout / "new").touch()
    code, said, called = release(checkout, *ARGS)
    assert (code, called) == (3, []) and "(3 to mend)" in said
    for named in ("not committed", "pyproject.toml has another version", "CHANGELOG.md has no section"):
        assert named in said
    git(checkout, "add", "-A")
    git(checkout, "commit", "-qm", "Other")
    assert f"v{__version__} is another commit already" in release(checkout, *ARGS)[1]
