"""The site: every page of docs/ is on it, every link on it leads somewhere, and it asks nobody else for anything."""

from __future__ import annotations

import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from tests.docs.site.build import AMENDED, PYTHON, build, policy
from tests.docs.site.sources import sources
from tests.node import node

HERE = Path(__file__).parent
SOURCES = {"script": "src", "img": "src", "iframe": "src", "source": "src", "embed": "src", "object": "data"}


class Page(HTMLParser):
    """What an HTML page loads, links to, can be linked at, and forbids itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.loads, self.links, self.anchors, self.inline = list[str](), list[str](), set[str](), list[str]()
        self.policy = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {name: value or "" for name, value in attrs}
        self.anchors.add(of.get("id", ""))
        self.inline += [f"{tag} {name}" for name in of if name == "style" or name.startswith("on")]
        if tag in SOURCES and SOURCES[tag] in of:
            self.loads.append(of[SOURCES[tag]])
        if tag == "link" and re.search("stylesheet|icon|load|connect|fetch", of["rel"]):
            self.loads.append(of["href"])
        if tag == "a" and "href" in of:
            self.links.append(of["href"])
        if tag == "meta" and of.get("http-equiv") == "Content-Security-Policy":
            self.policy = of["content"]


def read(folder: Path) -> dict[Path, Page]:
    return {path.resolve(): Page(path.read_text()) for path in folder.rglob("*.html")}


def faults(pages: dict[Path, Page]) -> list[str]:
    """What is wrong with the pages of a site, each in a few words."""
    found = []
    for path, page in pages.items():
        found += [f"{path.name} loads {url}" for url in page.loads if re.match(r"\w+:|//", url)]
        found += [f"{path.name} has an inline {what}" for what in page.inline]
        found += [f"{path.name} leads to {link}" for link in page.links if not _leads(path, link, pages)]
        if not page.policy or page.policy != policy(page.text):
            found.append(f"{path.name} has another policy")
    return found


def _leads(path: Path, link: str, pages: dict[Path, Page]) -> bool:
    if re.match(r"\w+:", link):
        return link.startswith("https:")
    file, anchor = urldefrag(unquote(link))
    target = (path.parent / file).resolve() if file else path
    return (target.exists() or target in pages) and (not anchor or anchor in pages[target].anchors)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert PYTHON.exists(), "The site is built in an environment of its own: run make site"
    folder = tmp_path_factory.mktemp("site")
    done = build(folder, sources())
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def test_every_page_of_the_docs_is_on_the_site_and_in_its_navigation(site: Path) -> None:
    wanted = {name.removesuffix(".md") + ".html" for name in sources() if name.endswith(".md")}
    assert {"index.html", "README.html", "tutorial/first-stack.html", "decisions/0001-instance-origin.html"} <= wanted
    assert wanted <= {str(path.relative_to(site)) for path in site.rglob("*.html")}
    tree = (site / "index.html").read_text().split('class="sidebar-tree"', 1)[1].split("</aside>")[0]
    assert wanted - {"index.html"} <= set(re.findall(r'href="([^"#]+)"', tree))


def test_it_loads_nothing_from_elsewhere_and_every_link_leads_somewhere(site: Path) -> None:
    pages = read(site)
    assert len(pages) > 100 and sum(len(page.links) for page in pages.values()) > 10_000
    assert not faults(pages)
    for sheet in site.rglob("*.css"):
        assert not re.findall(r"@import|url\(['\"]?(?:\w+:)?//", sheet.read_text()), sheet


def test_what_is_amended_is_still_what_the_theme_writes(site: Path) -> None:
    pages = read(site).values()
    for before, after in AMENDED.items():
        assert any(after in page.text for page in pages), before
        assert not any(before in page.text.replace(after, "") for page in pages), before


def test_the_search_has_every_page_beside_it(site: Path) -> None:
    index = (site / "searchindex.js").read_text()
    assert all(f'"{name.removesuffix(".md")}"' in index for name in sources() if name.endswith(".md"))
    assert (site / "search.html").exists()


def judged(*pages: Path) -> list[list[str]]:
    """What axe-core, which is not ours, finds on each page: the names of its rules."""
    command = [node(HERE), str(HERE / "judge.mjs"), *map(str, pages)]
    ran = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return [[rule for rule, _ in found] for found in json.loads(ran.stdout)]


def test_axe_finds_nothing_on_a_page_of_each_kind(site: Path) -> None:
    kinds = ("index.html", "how-to/verify.html", "explanation/architecture.html", "search.html")
    assert judged(*(site / kind for kind in kinds)) == [[]] * len(kinds)


def test_axe_sees_what_a_reader_would_miss(site: Path, tmp_path: Path) -> None:
    good = (site / "decisions/0007-bare-admin-password.html").read_text()
    changes = {
        "html-has-lang": re.sub("<html[^>]*>", "<html>", good),
        "image-alt": good.replace("<p>", '<p><img src="a.svg">', 1),
        "link-name": good.replace("<p>", '<p><a href="a.html"></a>', 1),
        "document-title": re.sub("<title>.*?</title>", "", good),
    }
    pages = [tmp_path / f"{rule}.html" for rule in changes]
    for page, text in zip(pages, changes.values(), strict=True):
        page.write_text(text)
    for rule, found in zip(changes, judged(*pages), strict=True):
        assert rule in found


def test_a_link_that_leads_nowhere_fails_the_build(tmp_path: Path) -> None:
    pages = {"index.md": "# One\n\n[page](absent.md), [part](two.md#absent)\n", "two.md": "# Two\n"}
    done = build(tmp_path, pages)
    assert done.returncode and all(
        word in done.stderr for word in ("'absent.md'", "'absent'", "two.md: WARNING: document isn't included")
    )


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://example.com/a.js"></script>',
        '<link rel="stylesheet" href="//example.com/a.css">',
        '<img src="http://example.com/badge.svg">',
        '<p style="color: red">',
        '<a onclick="go()">',
        '<a href="absent.html">',
        '<a href="#absent">',
        '<a href="http://example.com/">',
        "<script>later()</script>",
    ],
)
def test_a_fault_of_a_page_is_seen(text: str, tmp_path: Path) -> None:
    good = '<p id="here"><a href="#here"><a href="page.html"><a href="https://example.com/">'
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy(good)}">'
    page = tmp_path / "page.html"
    assert not faults({page: Page(meta + good)})
    assert len(faults({page: Page(meta + good + text)})) == 1
