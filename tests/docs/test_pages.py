"""Every command line of the documentation, run as it stands: one shell a page, on an embedded AWS of its own."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from generator.sandbox.cloudformation.operations import STEP_VARIABLE
from tests.docs.pages import ENTER, ROOT, asks_for_the_sandbox, before, commands, matches, pages

# What only a fresh checkout can run: held to exist, and run by CI itself (make) or by `make .venv/.ready` (pip).
ELSEWHERE = (
    *("make ", "git clone ", "cd ", "python3 -m venv ", ". .venv/", "source "),
    *("pip install ", "pipx install ", "uv tool install "),
)
CREATE = "deployer up --vpc-id vpc-00000001 --subnet-id subnet-00000002 --admin-email admin@example.com --yes"
DESCRIBE = 'aws --endpoint-url "$AWS_ENDPOINT_URL" rds describe-db-clusters --db-cluster-identifier app --output text'
DATABASE = [
    "deployer sandbox database app",
    "deployer config set local-port 0",
    f"read -r host port id < <({DESCRIBE} --query 'DBClusters[0].[Endpoint, Port, DbClusterResourceId]')",
    'deployer up --database-endpoint "$host" --database-port "$port" --database-resource-id "$id" --yes',
]
BEFORE = {
    "": [],
    "stack": [CREATE],
    "database": [CREATE, *DATABASE],
    "published": ["deployer sandbox published"],
}
MARK = "@@@ exit code"
# The AWS CLI itself; `deploy` looks at a stack every 30 seconds, which is too seldom for the sandbox.
AWS = """\
import sys, time, types
from botocore import waiter
waiter.time = types.SimpleNamespace(sleep=lambda seconds: time.sleep(min(seconds, 0.2)))
from awscli.clidriver import main
sys.exit(main())
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    opened = Shell(tmp_path)
    yield opened
    opened.run(["deployer sandbox stop"])


class Shell:
    """A bash with the project's environment on its PATH and a sandbox directory of its own."""

    def __init__(self, home: Path) -> None:
        aws = home / "bin" / "aws"
        aws.parent.mkdir()
        program = aws.with_suffix(".py")
        program.write_text(AWS)
        aws.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -I {shlex.quote(str(program))} "$@"\n')
        aws.chmod(0o700)  # by sh, since the path of an environment may contain spaces
        for name in ("requirements.lock", "CHANGELOG.md"):  # a release is published from its checkout
            shutil.copy(ROOT / name, home)
        path = os.pathsep.join([str(aws.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
        clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        self.env = {
            **clean,
            "PATH": path,
            "HOME": str(home),
            "DEPLOYER_SANDBOX_HOME": str(home / "sandbox"),
            "AWS_EC2_METADATA_DISABLED": "true",  # outside the sandbox there are no credentials
            STEP_VARIABLE: "0",
        }
        self.home = home

    def run(self, lines: list[str]) -> list[tuple[int, str]]:
        """Run the lines in one shell; give each one's exit code and output, both streams as a terminal shows them."""
        script = "".join(f"{line}\ncode=$?; echo; echo '{MARK}' $code\n" for line in lines)
        done = subprocess.run(
            ["bash", "-c", f"exec 2>&1\n{script}"],
            env=self.env,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=300,
        )
        parts = re.split(rf"\n{MARK} (\d+)\n", done.stdout)
        return [(int(code), output) for output, code in zip(parts[0::2], parts[1::2], strict=False)]


def _page(path: Path) -> object:
    """A page as a case. Those of `deployer db` use one local port, so they do not run side by side."""
    group = [pytest.mark.xdist_group("the local port of db")] if "deployer db " in path.read_text() else []
    return pytest.param(path, id=str(path.relative_to(ROOT)), marks=group)


@pytest.mark.parametrize("page", [_page(path) for path in pages()])
def test_every_command_of_the_page_does_what_the_page_says(page: Path, shell: Shell) -> None:
    to_run = [command for command in commands(page) if not command.line.startswith(ELSEWHERE)]
    first = [ENTER, *BEFORE[before(page)]] if asks_for_the_sandbox(page) else []  # else as a shell is when it opens
    answers = shell.run([*first, *(command.line for command in to_run)])
    assert len(answers) == len(first) + len(to_run), answers[-1]
    for code, output in answers[: len(first)]:
        assert code == 0, output
    for command, (code, output) in zip(to_run, answers[len(first) :], strict=True):
        where = f"{page.relative_to(ROOT)}:{command.number}: {command.line}"
        assert code == command.exit_code, f"{where}\nended with {code}\n{output}"
        assert not command.output.strip() or matches(command.output, output), f"{where}\nprinted\n{output}"


def test_every_make_target_that_the_pages_name_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    named = {c.line.split()[1] for page in pages() for c in commands(page) if c.line.startswith("make ")}
    assert named and named <= targets


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) < 150


def anchors(page: Path) -> set[str]:
    """What a link may name behind `#`: each heading as Git hosts write it; a heading that comes again has a number."""
    found: list[str] = []
    tokens = MarkdownIt("commonmark").parse(page.read_text())
    for opened, text in itertools.pairwise(tokens):
        if opened.type == "heading_open":
            plain = "".join(child.content for child in text.children or [])
            name = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
            found.append(name)
    return {f"{name}-{earlier}" if (earlier := found[:at].count(name)) else name for at, name in enumerate(found)}


def broken_links(page: Path) -> list[str]:
    """The links of a page to files that are not there, or to headings that their page has not."""
    broken = []
    for target in re.findall(r"\]\((?!\w+:)([^)\s]+)\)", page.read_text()):
        name, _, anchor = target.partition("#")
        there = page.parent / name if name else page
        if not there.exists() or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
            broken.append(target)
    return broken


def test_every_link_between_the_pages_leads_somewhere() -> None:
    every = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
    assert not {str(page.relative_to(ROOT)): broken for page in every if (broken := broken_links(page))}


def test_a_link_that_leads_nowhere_is_seen(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# `aws` & more\n\n## Again\n\n## Again\n\n## Again\n\n```\n# no heading\n```\n")
    right = "[a](other.md) [b](other.md#aws--more) [c](other.md#again-2) [d](#here) [e](https://example.com/#x)"
    wrong = ["gone.md", "other.md#more", "other.md#again-3", "other.md#no-heading", "#there"]
    page = tmp_path / "page.md"
    page.write_text("\n\n".join(["# Here", right, *(f"[x]({target})" for target in wrong)]))
    assert broken_links(page) == wrong


def test_the_comparison_can_fail() -> None:
    assert matches("a … c\n…\nend", "a b c\nx\ny\nend") and not matches("a c", "a b c")
