"""config set and unset: one value changes, every other byte stays; a file that cannot be edited stays and is named."""

from __future__ import annotations

import resource
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.cli.main import main
from generator.operations.config.edit import edited
from tests.config.test_config import folders  # noqa: F401 - a home and a project of one's own

HEADERS = (
    '# mine\n\n# of region\nregion = "a" # why\n\n'
    '# of prod\n[environments.prod] # p\n  profile = "b"\n# of test\n[environments.test]\n'
)
DOTTED = 'environments.prod.region = "a" # why\nenvironments.test.profile = "b"\nprofile = \'c\''
INLINE = 'environments = { prod = { region = "a", profile = "b" }, test = { dbname = "c" } } # why\n'
MIXED = (
    '[environments]\n# first\nprod = { region = "a" } # one\ntest.profile = "b"\n\n[environments.qa]\nregion = "q"\n'
)
ARRAYS = 'region = "a"\n\n[[servers]]\nname = "x" # y\n\n[[servers.ports]]\nnumber = 1\n'


@pytest.mark.parametrize(
    ("before", "edit", "after"),
    [
        (HEADERS, ("", "region", "z"), HEADERS.replace('"a"', '"z"')),
        (HEADERS, ("", "dbname", "z"), HEADERS.replace("# why\n", '# why\ndbname = "z"\n')),
        (HEADERS, ("", "region", None), HEADERS.replace('region = "a" # why\n', "")),
        (HEADERS, ("prod", "dbname", "z"), HEADERS.replace('"b"\n', '"b"\n  dbname = "z"\n')),
        (HEADERS, ("test", "local-port", 5), HEADERS + "local-port = 5\n"),
        (HEADERS, ("new", "dbname", "z"), HEADERS + '\n[environments.new]\ndbname = "z"\n'),
        (HEADERS.replace("\n", "\r\n"), ("prod", "dbname", "z"), None),
        (DOTTED, ("prod", "region", "z"), DOTTED.replace('"a"', '"z"')),
        (DOTTED, ("prod", "region", None), DOTTED.partition("\n")[2]),
        (DOTTED, ("prod", "dbname", "z"), DOTTED.replace("why\n", 'why\nenvironments.prod.dbname = "z"\n')),
        (DOTTED, ("", "dbname", "z"), DOTTED + '\ndbname = "z"\n'),
        (DOTTED, ("new", "dbname", "z"), DOTTED + '\n\n[environments.new]\ndbname = "z"\n'),
        (INLINE, ("prod", "region", "z"), INLINE.replace('"a"', '"z"')),
        (INLINE, ("test", "region", "z"), INLINE.replace('"c" }', '"c", region = "z"}')),
        (INLINE, ("prod", "region", None), INLINE.replace(' region = "a",', " ")),
        (INLINE, ("new", "region", "z"), INLINE.replace(" } } #", ' }, new = {region = "z"}} #')),
        (MIXED, ("prod", "region", "z"), MIXED.replace('"a"', '"z"')),
        (MIXED, ("test", "dbname", "z"), MIXED.replace('"b"\n', '"b"\ntest.dbname = "z"\n')),
        (MIXED, ("", "dbname", "z"), f'dbname = "z"\n\n{MIXED}'),
        (ARRAYS, ("", "region", "z"), ARRAYS.replace('"a"', '"z"')),
        (ARRAYS, ("", "dbname", "z"), ARRAYS.replace('"a"\n', '"a"\ndbname = "z"\n')),
        (ARRAYS, ("prod", "region", "z"), ARRAYS + '\n[environments.prod]\nregion = "z"\n'),
        ("# of prod\n[environments.prod]\n", ("", "dbname", "z"), 'dbname = "z"\n\n# of prod\n[environments.prod]\n'),
        ("# nothing yet", ("", "dbname", "z"), '# nothing yet\ndbname = "z"\n'),
        ("", ("prod", "dbname", "z"), '[environments.prod]\ndbname = "z"\n'),
        ('"region" = """\na"""\n', ("", "region", "z"), '"region" = "z"\n'),
    ],
)
def test_an_edit_keeps_everything_else(before: str, edit: tuple[str, str, Any], after: str | None) -> None:
    if after is None:
        after = before.replace('"b"\r\n', '"b"\r\n  dbname = "z"\r\n')
    assert edited(before, *edit) == after
    assert edited(after, *edit) == after


COMMENTS = st.sampled_from(["", "", " # why", "\t#"])
VALUES = st.sampled_from(['"a"', "'b'", '"""c"""', "5"])
LINES = st.builds("{} = {}{}".format, st.sampled_from(["region", '"target"', "dbname"]), VALUES, COMMENTS)
FILLERS = st.sampled_from(["", "# a comment", "  # another"])


@st.composite
def texts(draw: st.DrawFn) -> str:
    """TOML with tables of every form, comments and blank lines anywhere, and either kind of line end."""

    def keys(prefix: str = "") -> list[str]:
        lines = draw(st.lists(LINES, max_size=3, unique_by=lambda line: line.split()[0].strip('"')))
        return [part for line in lines for part in (draw(FILLERS), prefix + line)]

    form = draw(st.sampled_from(["header", "dotted", "inline", "quoted", "none"]))
    parts = keys()
    if form == "dotted":
        parts += [*keys("environments.prod."), "environments.test.dbname = 'd'"]
    if form == "inline":
        inside = ", ".join(part for part in keys() if part and "#" not in part)
        parts += [f"environments = {{ prod = {{ {inside} }} }}{draw(COMMENTS)}"]
    if form in ("header", "quoted"):
        name = "prod" if form == "header" else '"prod"'
        parts += [draw(FILLERS), f"[environments.{name}]{draw(COMMENTS)}", *keys()]
        parts += draw(st.sampled_from([[], ["[[servers]]", "a = 1", "[[servers]]"], ["# t", "[environments.test]"]]))
    parts += [draw(FILLERS)]
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    return newline.join(parts) + draw(st.sampled_from(["", newline]))


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["", "prod", "test", "new"]),
        st.sampled_from(["region", "profile", "target", "dbname"]),
        st.none()
        | st.integers(0, 65535)
        | st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20),
    ),
    max_size=4,
)


@settings(max_examples=300)
@given(texts(), EDITS)
def test_an_edit_changes_one_value_and_no_comment(text: str, edits: list[tuple[str, str, Any]]) -> None:
    for environment, name, value in edits:
        wanted = tomllib.loads(text)
        table = wanted.setdefault("environments", {}).setdefault(environment, {}) if environment else wanted
        table.pop(name, None)
        if value is not None:
            table[name] = value
        if tomlkit.dumps(tomlkit.parse(text)) != text and pruned(wanted) != pruned(tomllib.loads(text)):
            with pytest.raises(ValueError, match="a form that this command does not know"):
                edited(text, environment, name, value)
            return
        after = edited(text, environment, name, value)
        assert pruned(tomllib.loads(after)) == pruned(wanted)
        assert text.count("\r") in (0, text.count("\n")) and after.count("\r") in (0, after.count("\n"))
        assert_within_one_place(text, after)
        text = after


def pruned(content: Any) -> Any:
    if not isinstance(content, dict):
        return content
    return {name: item for name, value in content.items() if (item := pruned(value)) != {}}


def assert_within_one_place(before: str, after: str) -> None:
    """What was before the edit's place and behind it stands there still; at most one line went."""
    head = alike(before, after)
    tail = alike(before[head:][::-1], after[head:][::-1])
    assert before[head : len(before) - tail].count("\n") <= 1, (before, after)


def alike(one: str, other: str) -> int:
    """With how many equal characters the two begin."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


@pytest.mark.parametrize("text", [INLINE, HEADERS, DOTTED, MIXED])
def test_a_command_edits_the_file_in_place_privately_and_behind_its_link(
    text: str,
    folders: Path,  # noqa: F811
) -> None:
    text = text.replace('"a"', '"eu-west-1"').replace('"q"', '"eu-west-2"')
    real = folders / "dotfiles.toml"
    real.write_text(text)
    real.chmod(0o644)
    link = folders / "config" / "deployer" / "config.toml"
    link.parent.mkdir(parents=True)
    link.symlink_to("../../dotfiles.toml")
    assert main(["config", "set", "--env", "prod", "region", "eu-west-9"]) == 0
    assert link.is_symlink() and real.read_text() == edited(text, "prod", "region", "eu-west-9")
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert main(["config", "unset", "--env", "prod", "region"]) == 0
    assert sorted(p.name for p in folders.iterdir()) == ["config", "dotfiles.toml", "project"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("region = \n", "is not TOML: Invalid value (at line 1"),
        ('colour = "red"\n', "colour is not a stored default"),
        ("[[servers]]\nname = 1\n", "servers is not a stored default"),
        ("[[environments]]\nname = 1\n", "could not be changed: it has a form that this command does not know"),
        ("environments.prod = 1\n", "could not be changed"),
        ("local-port = 70000\n", "local-port cannot be '70000'"),
    ],
)
def test_a_file_with_a_fault_is_named_by_its_own_path_and_stays(
    content: str,
    says: str,
    folders: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = folders / "config" / "deployer" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert main(["config", "set", "--env", "prod", "region", "eu-west-1"]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"error: {path}") and says in said
    assert path.read_text() == content and [p.name for p in path.parent.iterdir()] == ["config.toml"]


def test_what_should_not_be_in_a_file_can_be_taken_out(folders: Path) -> None:  # noqa: F811
    path = folders / "config" / "deployer" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('colour = "red"\nshape = "round"\n')
    assert main(["config", "unset", "colour"]) == 0  # as the error says, one after the other
    assert main(["config", "unset", "shape"]) == 0
    assert main(["config", "list"]) == 0


def test_a_disk_without_room_leaves_the_file_as_it_was(
    folders: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["config", "set", "region", "eu-west-1"]) == 0
    path = folders / "config" / "deployer" / "config.toml"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, hard))
    try:
        assert main(["config", "set", "region", "eu-west-2"]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert f"error: {path} could not be used: File too large." in capsys.readouterr().err
    assert path.read_text() == 'region = "eu-west-1"\n' and list(path.parent.iterdir()) == [path]
