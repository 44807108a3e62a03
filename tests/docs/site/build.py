"""Make the site: python -m tests.docs.site.build FOLDER. Any warning of Sphinx is a failure."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.docs.pages import ROOT
from tests.docs.site.sources import sources

HERE = Path(__file__).parent
PYTHON = ROOT / ".venv" / "site" / "bin" / "python"
INLINE = {
    "script": re.compile(r"<script>(.*?)</script>", re.S),
    "style": re.compile(r"<style[^>]*>(.*?)</style>", re.S),
}

# What Furo writes -> what the policy permits, or what a reader without a screen or a mouse needs.
AMENDED = {
    'style="display: none;"': 'width="0" height="0"',
    'style="opacity: 50%"': 'opacity="0.5"',
    '<p class="caption" role="heading">': '<p class="caption" role="heading" aria-level="2">',
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="Pages">',
    '<aside class="toc-drawer">': '<aside class="toc-drawer" aria-label="On this page">',
    "<pre>": '<pre tabindex="0">',
    '<div class="table-wrapper ': '<div tabindex="0" class="table-wrapper ',
    '<div id="search-results">': '<h1>Search</h1><div id="search-results">',
}


def build(target: Path, pages: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Write the site of these pages into a folder; standard error has what is wrong with them."""
    with tempfile.TemporaryDirectory() as work:
        for name, text in pages.items():
            path = Path(work, "pages", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        options = ["-W", "--keep-going", "-n", "-q", "-c", str(HERE), "-d", f"{work}/doctrees"]
        command = [str(PYTHON), "-m", "sphinx", *options, f"{work}/pages", str(target)]
        done = subprocess.run(command, capture_output=True, text=True)
    (target / ".buildinfo").unlink(missing_ok=True)
    for page in target.rglob("*.html"):
        page.write_text(_with_policy(page.read_text()))
    return done


def policy(page: str) -> str:
    """The content security policy of a page: the site's own files, and the inline parts that are in it now."""
    allowed = {kind: " ".join(sorted({_hash(text) for text in found.findall(page)})) for kind, found in INLINE.items()}
    return (
        f"default-src 'self'; script-src 'self' {allowed['script']}; style-src 'self' {allowed['style']}; "
        "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _with_policy(page: str) -> str:
    for attribute, instead in AMENDED.items():
        page = page.replace(attribute, instead)
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy(page)}">'
    return page.replace('<meta charset="utf-8">', f'<meta charset="utf-8">{meta}', 1)


def main(argv: list[str]) -> int:
    target = Path(argv[0])
    done = build(target, sources())
    sys.stderr.write(done.stderr)
    if not done.returncode:
        print(f"{target}/index.html")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
