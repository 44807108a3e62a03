"""The pages as a Git host shows them: whole tables, what to have before one starts, and an index of all."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.docs.pages import ENTER, ROOT, asks_for_the_sandbox, before, begins, commands

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


PROGRAMS = {"aws", "curl", "mysql", "openssl", "psql", "scp", "sha256sum", "ssh", "timeout"}
"""What a page's commands may need besides `deployer` and what every Linux and macOS has (macOS: no `timeout`)."""
STARTED = {r"deployer ssh ": {"ssh", "sshd"}, r"--engine mysql": {"mysql", "mysqld"}}
"""What commands of `deployer` start: a client, and in the sandbox its server."""


def programs_of(line: str) -> set[str]:
    """The programs that a command line runs: at its start, behind a variable, a pipe, a substitution or `--exec`."""
    begin = r"(?=(?:^|[|;&(]|--exec ['\"])\s*(?:\w+=[^\s$]+ )*([a-z][a-z0-9]*)(?: |$))"
    started = {each for typed, programs in STARTED.items() if re.search(typed, line) for each in programs}
    return set(re.findall(begin, line)) & PROGRAMS | started


def typed_on(page: Path) -> list[str]:
    """Each line that a reader types: of console blocks, and of those that show how a command is used."""
    blocks = [token for token in MarkdownIt("commonmark").parse(page.read_text()) if token.type == "fence"]
    examples = [line for token in blocks if token.info in ("", "sh") for line in token.content.splitlines()]
    return [command.line for command in commands(page)] + examples


LED = [
    ROOT / "README.md",
    *sorted(page for page in (ROOT / "docs" / "how-to").rglob("*.md") if page.name != "README.md"),
    *sorted((ROOT / "docs" / "tutorial").glob("*.md")),
]
"""The pages that lead through commands. The README of coming-from is a list of pages."""


@pytest.mark.parametrize("page", LED, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_says_in_text_what_there_must_be_before_its_commands(page: Path) -> None:
    begin = begins(page)
    assert begin, "nothing says where its commands run"
    assert asks_for_the_sandbox(page) or not before(page), "it begins with a stack, and leads nobody to one"
    needed = {program for line in typed_on(page) for program in programs_of(line)}
    unnamed = {program for program in needed if f"`{program}`" not in begin}
    assert not unnamed, f"it needs {unnamed} and does not say so before its first command"


def test_before_you_start_stands_before_the_first_command_that_it_is_for() -> None:
    late = [page for page in LED[1:] if begins(page) not in page.read_text().split("\n```", 1)[0]]
    assert not late
    readme = (ROOT / "README.md").read_text()
    assert readme.index("## One example") < readme.index(begins(ROOT / "README.md")) < readme.index("$ deployer up")


def test_after_an_entry_into_the_sandbox_that_failed_no_line_reaches_a_stack_of_ones_own() -> None:
    """A shell in which `eval` failed is in one's own account: what follows is chained, or names another stack."""
    entered = re.compile(r"^(?:\$ )?(.*)eval \"\$\(deployer sandbox env\)\"", re.M)
    entries = {page: entered.findall(page.read_text()) for page in (ROOT / "docs").rglob("*.md")}
    by_itself = [page for page, found in entries.items() if "" in found]
    assert [page.name for page in by_itself] == ["first-stack.md"]
    on_a_stack = [
        each.line for page in by_itself for each in commands(page) if re.match(r"deployer (?!sandbox)", each.line)
    ]
    assert on_a_stack and all("--stack-name deepsql-tutorial" in line for line in on_a_stack)
    for page in ("README.md", "explanation/sandbox.md", "how-to/adopt.md"):
        assert any(ENTER in line for line in (ROOT / "docs" / page).read_text().splitlines()), page


def test_a_program_is_seen_where_it_is_run_and_not_where_it_is_named() -> None:
    seen = ['X="$(aws sts x)"', "a=1 psql -c x", "deployer connect --exec 'curl -s x'", "x | openssl dgst", "ssh . ls"]
    assert [programs_of(line) for line in seen] == [{"aws"}, {"psql"}, {"curl"}, {"openssl"}, {"ssh"}]
    assert programs_of("deployer up --support-ssh yes") == set() == programs_of("deployer ssh-config --alias mysql")
    assert programs_of("deployer ssh . uname") == {"ssh", "sshd"}
    assert programs_of("timeout 9 deployer cp a web-1:b | sha256sum") == {"timeout", "sha256sum"}


LONGEST = 150  # lines: what a person reads in one go
WHOLE = {
    "CHANGELOG.md",  # grows at its head
    "cli.md",  # written from the commands, to look something up
    "coming-from",  # each goes through somebody else's page in its order
}


def test_no_page_is_longer_than_a_person_reads() -> None:
    long = [page for page in PAGES if len(page.read_text().splitlines()) > LONGEST]
    assert not [page for page in long if not WHOLE & {page.name, page.parent.name}]


def test_the_index_names_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    named = {(index.parent / link).resolve() for link in re.findall(r"\]\(([^)#]+)", index.read_text())}
    left_out = {page for page in PAGES[2:] if page.parent.name != "decisions" and page != index} - named
    assert not left_out
