"""The explanation pages claim nothing that is not there: the table of rooms, tests, files and commands they name."""

from __future__ import annotations

import re
from pathlib import Path

from generator.model.access_path import PathKind
from tests.bench.goals import GOALS
from tests.docs.pages import ROOT
from tests.docs.reference import commands
from tests.test_rooms import MAY_IMPORT, SOLE_OWNER
from tests.worlds.tables import WORLDS
from tests.worlds.world import INCOMPLETE

PAGES = ROOT / "docs" / "explanation"


def test_the_table_of_rooms_is_the_tested_one() -> None:
    owned = {room: {library for library, rooms in SOLE_OWNER.items() if room in rooms} for room in MAY_IMPORT}
    table = _section(PAGES / "architecture.md", "rooms")
    told = {
        room: (_names(may), _names(owns)) for room, may, owns in re.findall(r"\| (\w+) \| (.*?) \| (.*?)\|\n", table)
    }
    told.pop("room")
    assert told == {room: (MAY_IMPORT[room], owned[room]) for room in MAY_IMPORT}


def test_every_test_that_security_names_exists() -> None:
    sources = "\n".join(path.read_text() for path in (ROOT / "tests").glob("[!.]*/**/test_*.py"))
    there = set(re.findall(r"def (test_\w+)", sources))
    named = set(re.findall(r"`(test_\w+)`", (PAGES / "security.md").read_text()))
    assert len(named) > 30 and not named - there


def test_every_threat_has_a_test() -> None:
    rows = re.findall(r"^\| .+ \| .+ \| (.+) \|$", _after(PAGES / "security.md", "## Threats"), re.M)[2:]
    assert rows and all("`test_" in shown or "proof table" in shown for shown in rows)


def test_every_kind_of_access_path_has_a_row_with_a_world_in_which_it_counts() -> None:
    section = _after(PAGES / "security.md", "## What a revocation asks about")
    rows = re.findall(r"^\| (.+) \| .+ \| `(.+)` \|$", section, re.M)
    revocations = {world.name: world for world in WORLDS if "revoke" in world.command}
    assert sorted(kind for kind, _ in rows) == sorted(kind.value for kind in PathKind)
    assert all(revocations[name].expected.code == INCOMPLETE for _, name in rows)
    assert set(re.findall(r"World `([^`]+)`", section)) <= revocations.keys()


def test_every_file_that_the_pages_name_exists() -> None:
    for page in PAGES.glob("*.md"):
        for name in re.findall(r"`((?:tests|generator|docs|templates)/[\w./-]+)`", page.read_text()):
            assert (ROOT / name).exists(), f"{page.name} names {name}"


def test_every_place_where_something_is_added_exists() -> None:
    table = _after(ROOT / "docs" / "CONTRIBUTING.md", "## Where would I add")
    named = set(re.findall(r"`([\w*]+/[\w*./]*|[a-z]+/)`", table))
    assert len(named) > 15 and "cli/app.py" in named and "model/contract.py" in named
    assert not [name for name in named if not [*(ROOT / "generator").glob(name), *ROOT.glob(name)]]
    assert re.search(r"^GROUPS = ", (ROOT / "generator" / "cli" / "app.py").read_text(), re.M)


def test_every_command_of_the_page_for_real_accounts_exists() -> None:
    there = {name for name, _ in commands()}
    options = {name: {o for p in command.params for o in p.opts} for name, command in commands()}
    for line in re.findall(r"`deployer ([^`]+)`", (PAGES / "not-yet-run-against-aws.md").read_text()):
        name = next((" ".join(line.split()[:n]) for n in (2, 1) if " ".join(line.split()[:n]) in there), None)
        assert name, line
        assert {word.split("=")[0] for word in line.split() if word.startswith("-")} <= options[name], line


def test_every_goal_is_on_the_page() -> None:
    told = re.findall(r"^\| (P\d+[^|]*?) \|", _section(PAGES / "performance.md", "goals"), re.M)
    assert told == list(GOALS)


def test_every_decision_is_in_the_index_under_its_own_title() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text()
    records = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    titles = [record.read_text().splitlines()[0].removeprefix("# ").partition(". ")[2] for record in records]
    listed = re.findall(r"^- \[(\d+)\]\((.+)\): (.+)$", index, re.M)
    assert listed == [(record.name[:4], record.name, title) for record, title in zip(records, titles, strict=True)]


def _section(page: Path, name: str) -> str:
    found = re.search(rf"<!-- {name}\b.*?-->(.*?)<!-- end {name} -->", page.read_text(), re.S)
    assert found, f"{page} has no section {name}"
    return found[1]


def _after(page: Path, heading: str) -> str:
    return page.read_text().split(heading, 1)[1].split("\n## ", 1)[0]


def _names(cell: str) -> set[str]:
    return set(re.findall(r"\w+", cell)) - {"nothing"}
