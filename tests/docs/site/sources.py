"""The pages as Sphinx takes them: a copy of docs/, with the README as the start page and the navigation filled in.

In the repository the pages stay as a Git host shows them, without a directive in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tests.docs.pages import ROOT

DOCS = ROOT / "docs"
START = {ROOT / "README.md": "index.md", ROOT / "CHANGELOG.md": "CHANGELOG.md"}
SECTIONS = {
    "Tutorial": "tutorial",
    "How-to": "how-to",
    "Reference": "reference",
    "Explanation": "explanation",
    "Decisions": "decisions",
}
PROJECT = ["README", "CHANGELOG", "CONTRIBUTING", "SECURITY"]
LINK = re.compile(r"\]\(([^)#\s]+)")


def sources() -> dict[str, str]:
    """Name below the site's folder -> text, of every page."""
    files = sorted(path for path in DOCS.rglob("*.*") if path.suffix in (".md", ".json", ".svg"))
    copied = {str(path.relative_to(DOCS)): path.read_text() for path in files}
    started = {name: path.read_text().replace("](docs/", "](") for path, name in START.items()}
    pages = {name: _with_exit_codes(text) for name, text in {**copied, **started}.items()}
    for name in [name for name in pages if name.endswith("/README.md")]:
        pages[name] += _toctree("", [_below(name, page) for page in _children(name, pages)])
    pages["index.md"] += "".join(_toctree(caption, list(_top(folder, pages))) for caption, folder in SECTIONS.items())
    pages["index.md"] += _toctree("Project", PROJECT)
    return pages


def _top(folder: str, pages: dict[str, str]) -> Iterator[str]:
    """The pages of a section as its index names them first; a folder with a README is one entry."""
    if f"{folder}/README.md" in pages:
        yield f"{folder}/README"
        return
    there = {name for name in pages if re.fullmatch(rf"{folder}/([^/]+|[^/]+/README)\.md", name)}
    for name in sorted(there, key=_order(pages["README.md"])):
        yield name.removesuffix(".md")


def _order(index: str) -> Callable[[str], tuple[int, str]]:
    named = list(dict.fromkeys(LINK.findall(index)))
    return lambda name: (named.index(name) if name in named else len(named), name)


def _children(readme: str, pages: dict[str, str]) -> list[str]:
    folder = readme.removesuffix("README.md")
    return [name for name in pages if name.startswith(folder) and name != readme and "/" not in _below(readme, name)]


def _below(readme: str, page: str) -> str:
    return page.removeprefix(readme.removesuffix("README.md")).removesuffix(".md")


def _toctree(caption: str, names: list[str]) -> str:
    options = f":hidden:\n:caption: {caption}\n" if caption else ":hidden:\n"
    return f"\n```{{toctree}}\n{options}\n" + "\n".join(names) + "\n```\n"


def _with_exit_codes(text: str) -> str:
    """A block that announces an exit code has it as its caption."""
    return re.sub(
        r"^```console exit=(\d+)\n", r"```{code-block} console\n:caption: Ends with exit code \1\n\n", text, flags=re.M
    )
