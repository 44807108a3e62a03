"""The commands of ours that pages name outside console blocks (which are run): the command line takes each."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.named_commands import GROUP, UNKNOWN, refused
from tests.docs.pages import FENCE, ROOT

GENERATED = {"docs/reference/cli.md"}
"""Written from the command line itself."""
PATTERNS = {
    "deployer X --help",
    "deployer --install-completion",  # Typer's own, which writes to the shell's files at once
    "deployer --sandbox COMMAND",
    "deployer up --stack-name STACK --OPTION VALUE",
    "deployer engineers up|status|down",
}
"""What stands for any command, or cannot be looked at without running it."""
NUMBERS = {"PID", "ID"}
SHORT = re.compile(rf"{re.escape(GROUP)}|Missing .*|Option '[^']+' requires an argument\.", re.S)
"""What a command lacks that is only spoken of: its options are known all the same."""
SPAN = re.compile(r"(?<!`)`(?:\$ )?(deployer [^`\n]+)`(?!`)")
LINE = re.compile(r"^(?: {4,}|\t)?(?:\$ )?(deployer [^\n]+)$", re.M)


def pages() -> Iterator[Path]:
    for path in [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        if str(path.relative_to(ROOT)) not in GENERATED:
            yield path


def named(text: str) -> list[str]:
    """The commands in code spans, in tables too, and in blocks that are not console blocks."""
    rest = FENCE.sub("", text)
    return [match[1].strip().replace("\\|", "|") for pattern in (SPAN, LINE) for match in pattern.finditer(rest)]


def words(line: str) -> tuple[str, ...]:
    """Its words up to where a shell goes on to another program."""
    split = shlex.split(line.replace("…", UNKNOWN), comments=True)
    split = ["1" if word in NUMBERS else word for word in split]
    end = next((at for at, word in enumerate(split) if word in ("|", "&&", ";", ">")), len(split))
    return tuple(split[1:end])


ALL = [(path.relative_to(ROOT), line) for path in pages() for line in named(path.read_text(encoding="utf-8"))]
CASES = [(page, line) for page, line in dict.fromkeys(ALL) if line not in PATTERNS]


@pytest.mark.parametrize(("page", "line"), CASES, ids=str)
def test_a_command_that_a_page_names_is_one(page: Path, line: str) -> None:
    why = refused(words(line))
    assert not why or SHORT.fullmatch(why), f"{page}: {line}: {why}"


@pytest.mark.parametrize(
    "line", ["deployer nothing", "deployer up --colour", "deployer access grants", "deployer db kill x"]
)
def test_one_that_is_none_is_noticed(line: str) -> None:
    for page in (f"| a | `{line}` |", f"Text:\n\n    {line}\n", f"```sh\n$ {line}\n```\n", f"- `{line}` does it"):
        [seen] = named(page)
        assert not SHORT.fullmatch(refused(words(seen)) or GROUP)


def test_many_are_looked_at_and_no_exception_is_idle() -> None:
    assert len(CASES) > 250
    assert {line for _, line in ALL} >= PATTERNS
