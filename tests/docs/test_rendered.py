"""The pages as a Git host shows them: whole tables, what to have before one starts, and an index of all."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.docs.pages import ROOT, before, commands

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
SEPARATOR = re.compile(r"^\s*\|?\s*:?-{3,}:?\s*(\|\s*:?-{3,}:?\s*)+\|?\s*$")
PIPE = re.compile(r"(?<!\\)\|")


def broken_rows(text: str) -> Iterator[str]:
    """The lines that a renderer shows otherwise than they were meant: too many or too few cells, or no table at all."""
    lines = text.splitlines()
    shown = set[int]()
    wanted = 0
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type in ("table_open", "fence", "code_block") and token.map:
            shown |= set(range(*token.map))
        if token.type == "table_open" and token.map:
            wanted = _cells(lines[token.map[0]])
        if token.type == "tr_open" and token.map and _cells(lines[token.map[0]]) != wanted:
            yield lines[token.map[0]]
    yield from (line for number, line in enumerate(lines) if SEPARATOR.match(line) and number not in shown)


def _cells(line: str) -> int:
    return len(PIPE.findall(line.strip().strip("|")))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_row_of_every_table_has_the_cells_of_its_head(page: Path) -> None:
    assert not list(broken_rows(page.read_text()))


@pytest.mark.parametrize(
    "text",
    [
        "| a | b |\n| --- | --- |\n| `r|w` | x |\n",
        "| a | b |\n| --- | --- |\n| x |\n",
        "| a | b | c |\n| --- | --- |\n| x | y |\n",
    ],
    ids=["a bar in code", "a cell too few", "another head"],
)
def test_a_broken_table_is_seen(text: str) -> None:
    assert list(broken_rows(text))
    assert not list(broken_rows("| a | b |\n| --- | --- |\n| `r\\|w` | x |\n"))


PROGRAMS = {"aws", "curl", "openssl", "psql", "ssh"}
"""What a page's commands may need besides `deployer` and what every Linux or macOS has."""


def programs_of(line: str) -> set[str]:
    """The programs that a command line runs: at its start, behind a variable, a pipe, a substitution or `--exec`."""
    return set(re.findall(r"(?=(?:^|[|;&(]|--exec ['\"])\s*(?:\w+=[^\s$]+ )*([a-z]+) )", line)) & PROGRAMS


def test_what_a_page_begins_with_can_be_read_on_it() -> None:
    for page in [*sorted((ROOT / "docs" / "how-to").rglob("*.md")), *sorted((ROOT / "docs" / "tutorial").glob("*.md"))]:
        head = page.read_text().split("\n```", 1)[0]
        begins = re.search(r"^\*\*Before you start:\*\* .*$", head, re.M)
        assert begins or not before(page), f"{page.name} begins with a stack and does not say so"
        needed = {program for command in commands(page) for program in programs_of(command.line)}
        unnamed = {program for program in needed if f"`{program}`" not in head}
        assert not unnamed, f"{page.name} needs {unnamed} and does not say so before its first command"


def test_a_program_is_seen_where_it_is_run_and_not_where_it_is_named() -> None:
    seen = ['X="$(aws sts x)"', "a=1 psql -c x", "deployer connect --exec 'curl -s x'", "x | openssl dgst", "ssh . ls"]
    assert [programs_of(line) for line in seen] == [{"aws"}, {"psql"}, {"curl"}, {"openssl"}, {"ssh"}]
    assert programs_of("deployer up --support-ssh yes") == set() == programs_of("deployer ssh . uname")


def test_the_index_names_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    named = {(index.parent / link).resolve() for link in re.findall(r"\]\(([^)#]+)", index.read_text())}
    left_out = {page for page in PAGES[2:] if page.parent.name != "decisions" and page != index} - named
    assert not left_out
