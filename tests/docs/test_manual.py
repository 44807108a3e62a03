"""The man page: its structure by our own eyes, on every computer; by groff's too, where that is."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "share/man/man1/deployer.1"
TITLE = re.compile(r'\.TH DEPLOYER 1 "" "deployer [\d.]+" "User Commands"')
REQUEST = re.compile(r"\.(SH|SS|B|I) [^ ].*|\.TP")  # what man(7) has of which this page makes use
ESCAPE = re.compile(r"\\(?:-|e|&|\[u[0-9A-F]{4,6}\])")


def faults(page: str) -> Iterator[str]:
    """What man(7) would not show as it is meant, each with the number of its line."""
    title, *lines = page.removesuffix("\n").split("\n")
    if not TITLE.fullmatch(title):
        yield "1: no title"
    if lines[:1] != [".SH NAME"] or not re.match(r"deployer \\- [^ ]", lines[1]):
        yield "2: no name that whatis finds"
    for number, (line, following) in enumerate(zip(lines, [*lines[1:], ".SH"], strict=True), 2):
        yield from (f"{number}: {fault}" for fault in _of_a_line(line, following))


def _of_a_line(line: str, following: str) -> Iterator[str]:
    if line != line.strip() or not line:
        yield "an empty line, or a space at an end"
    if not line.isascii() or not line.isprintable():
        yield "a character that is not ASCII"
    if "\\" in ESCAPE.sub("", line):
        yield "an unknown escape"
    if line.startswith((".", "'")) and not REQUEST.fullmatch(line):
        yield "an unknown request"
    if line == ".TP" and not following.startswith(".B "):
        yield "an item without a tag"
    if line.startswith((".SH", ".SS")) and following.startswith(".SH"):
        yield "a section without text"
    if re.search(r"(?<!\\)-", line):
        yield "a hyphen that cannot be copied as a minus"


def test_the_man_page_has_no_fault() -> None:
    text = PAGE.read_text()
    assert list(faults(text)) == []
    assert ".SS deployer access revoke\n" in text and text.count(".TP\n") > 100
    if shutil.which("groff"):
        ran = subprocess.run(["groff", "-man", "-ww", "-Tutf8", str(PAGE)], capture_output=True, text=True)
        assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize(
    ("part", "instead", "fault"),
    [
        (".TH DEPLOYER", ".TH", "no title"),
        ("deployer \\- ", "deployer, ", "no name"),
        (".SH COMMANDS\n", ".SH COMMANDS\n\n", "empty line"),
        (".SH COMMANDS\n", ".SH COMMANDS\n.SH\n", "section without text"),
        (".SH COMMANDS\n", ".SH COMMANDS\n.XY\n", "unknown request"),
        (".SH COMMANDS\n", ".SH COMMANDS\n'quoted\n", "unknown request"),
        (".SH COMMANDS\n", ".SH COMMANDS\nC:\\new\n", "unknown escape"),
        (".SH COMMANDS\n", ".SH COMMANDS\nnaïve\n", "not ASCII"),
        (".SH COMMANDS\n", ".SH COMMANDS\n--all\n", "hyphen"),
        (".TP\n.B demo\n", ".TP\ndemo\n", "without a tag"),
    ],
)
def test_a_fault_is_found(part: str, instead: str, fault: str) -> None:
    text = PAGE.read_text()
    assert part in text and any(fault in found for found in faults(text.replace(part, instead, 1)))
