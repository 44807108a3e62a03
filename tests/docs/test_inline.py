"""Commands within a sentence: each has a name that there is, and options that this command takes."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import ROOT
from tests.docs.reference import commands

PAGES = [ROOT / "README.md", *(page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "decisions")]
LEAVES: dict[str, Any] = dict(commands())
GROUPS = {" ".join(name.split()[:n]) for name in LEAVES for n in range(len(name.split()))}
ROOT_OPTIONS = {"--sandbox", "--version", "--help", "-h", "--install-completion", "--show-completion"}
HIDDEN = {"cb"}
"""Commands that work and that no list shows."""
PASSED_ON = {"ssh", "cp"}
"""Commands of which ssh and scp take what is theirs."""
OPTION = re.compile(r"-[a-z]|--[a-z]")
INLINE = re.compile(r"(?<!`)`deployer\s([^`]+)`(?!`)")


def inline(text: str) -> list[str]:
    """What follows `deployer` in each piece of inline code; what a shell would run after it is left out."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    return [re.split(r"\s(?:&&|\||;|>)\s", " ".join(found.split()))[0] for found in INLINE.findall(prose)]


def wrong(line: str) -> str:
    """What is wrong with such a command; "" where nothing is."""
    words = shlex.split(line)
    while words and words[0] in ROOT_OPTIONS:
        words = words[1:]
    if not words or words[0].isupper() or words[0] == "…" or words[0] in HIDDEN:
        return ""
    known = [n for n in (3, 2, 1) if " ".join(words[:n]) in LEAVES or " ".join(words[:n]) in GROUPS]
    if not known:
        return f"no command {words[0]}"
    name = " ".join(words[: known[0]])
    rest = words[known[0] :]
    if name not in LEAVES:
        return f"{name} has no {rest[0]}" if rest and re.fullmatch(r"[a-z-]+", rest[0]) else ""
    taken = {option for each in LEAVES[name].params for option in (*each.opts, *each.secondary_opts)}
    if name in PASSED_ON:
        return ""
    ours = itertools.takewhile(lambda word: word != "--", rest)
    unknown = [word for word in ours if OPTION.match(word) and word.split("=")[0] not in taken]
    return f"{name} has no {', '.join(unknown)}" if unknown else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_command_within_a_sentence_is_one(page: Path) -> None:
    assert not {line: fault for line in inline(page.read_text()) if (fault := wrong(line))}


def test_a_command_that_is_none_is_seen() -> None:
    assert inline("Type `deployer\nup --plan && echo` or\n```sh\n`deployer nothing`\n```\n") == ["up --plan"]
    for right in ("up --plan", "--sandbox COMMAND", "access grant --for 8h", "config set KEY VALUE", "--version"):
        assert not wrong(right)
    for bad in ("upp", "access open", "up --plam", "--sandbox status --everything", "db connect --flag=1"):
        assert wrong(bad), bad


def test_each_command_within_the_tutorials_sentences_names_its_stack() -> None:
    lines = inline((ROOT / "docs" / "tutorial" / "first-stack.md").read_text())
    on_a_stack = [line for line in lines if not line.startswith(("sandbox", "--sandbox", "generate", "demo"))]
    assert on_a_stack and all("--stack-name deepsql-tutorial" in line for line in on_a_stack)
