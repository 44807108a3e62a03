"""Reading the pages: fenced console blocks, their commands, the exit code a block announces, the output it shows.

```console          commands start with `$ ` and go on in lines that start with `> `; what follows is their output; a
                    line `…` stands for any lines, `…` inside a line for any text. What is not shown is not compared.
```console exit=3   the last command of the block ends with 3
<!-- before: stack  the page starts on a stack that exists; `database`: on one that knows a database, `app`;
                    `published`: on one of the vendor's own template -->
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```console(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.M | re.S)
ENTER = 'deployer sandbox start && eval "$(deployer sandbox env)"'
SANDBOX_SHELL = "README.md#a-stack-to-try-on"
CLOCK = re.compile(r"\b\d\d:\d\d:\d\d\b")


@dataclass(frozen=True)
class Command:
    """One command of a page: its line, where it stands, the exit code and the output it announces."""

    line: str
    number: int
    exit_code: int
    output: str


def pages() -> list[Path]:
    """README and every page of docs/ that shows commands."""
    found = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [path for path in found if path.exists() and commands(path)]


def commands(path: Path) -> list[Command]:
    """The commands of a page in order."""
    text = path.read_text()
    return [command for match in FENCE.finditer(text) for command in _of_block(match, text)]


def before(path: Path) -> str:
    """What is there when the page starts: a stack, one of the published template, or nothing ("")."""
    found = re.search(r"<!-- before: (stack|database|published)\b", path.read_text())
    return found[1] if found else ""


def begins(path: Path) -> str:
    """The paragraph that says in text what there must be before the page's commands; "" where none does."""
    found = re.search(r"^\*\*Before you start:\*\* .*?(?=\n\n)", path.read_text(), re.M | re.S)
    return found[0] if found else ""


def asks_for_the_sandbox(path: Path) -> bool:
    """Whether that paragraph leads a reader without an account into the sandbox's shell."""
    return f"{SANDBOX_SHELL})" in begins(path)


def _of_block(match: re.Match[str], text: str) -> list[Command]:
    expected = int(exits[1]) if (exits := re.search(r"exit=(\d+)", match["info"])) else 0
    first = text[: match.start("body")].count("\n") + 1
    found: list[tuple[str, int, list[str]]] = []
    for offset, line in enumerate(match["body"].splitlines()):
        if line.startswith("$ "):
            found.append((line[2:], first + offset, []))
        elif found and (found[-1][0].endswith("\\") or line.startswith("> ")) and not found[-1][2]:
            found[-1] = (f"{found[-1][0]}\n{line.removeprefix('> ')}", found[-1][1], [])
        elif found:
            found[-1][2].append(line)
    last = len(found) - 1
    return [
        Command(line, number, expected if i == last else 0, "\n".join(output))
        for i, (line, number, output) in enumerate(found)
    ]


def matches(shown: str, real: str) -> bool:
    """Whether the real output is what the page shows; times of day are left out, `…` stands for any text."""
    pattern = re.escape(CLOCK.sub("", shown.strip())).replace("…", "(?:.|\n)*?")
    return re.search(pattern, CLOCK.sub("", real)) is not None
