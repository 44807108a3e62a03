"""Colour repeats what a word says, at a terminal and nowhere else."""

import io
import re

import pytest

from generator.cli.color import GREEN, RED, RESET, YELLOW, colored
from generator.cli.invocation import Invocation


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.parametrize(
    ("line", "style", "word"),
    [
        ("error: There is no stack s.", RED, "error:"),
        ("12:00:00  NOT PROVEN      old key is refused: throttled", RED, "12:00:00  NOT PROVEN"),
        ("FAIL  session log group  gone", RED, "FAIL"),
        ("NOT everything is proven: 3 of 4 checks proven.", RED, "NOT everything is proven"),
        ("  remove  SupportUser  AWS::IAM::User", RED, "  remove"),
        ("  modify  Instance  AWS::EC2::Instance  ImageId  replaced", RED, "replaced"),
        ("  modify  Instance  AWS::EC2::Instance  ImageId  may be replaced", RED, "may be replaced"),
        ("12:00:00  CREATE_FAILED  Instance  no room", RED, "CREATE_FAILED"),
        ("12:00:00  UPDATE_ROLLBACK_COMPLETE  s", RED, "UPDATE_ROLLBACK_COMPLETE"),
        ("  DENIED  by the policies, as it should be", RED, "  DENIED"),
        ("12:00:00  proven          no session is open: none", GREEN, "12:00:00  proven"),
        ("ok  policy of the key  agrees with the grant", GREEN, "ok"),
        ("Access is revoked: 4 of 4 checks proven.", GREEN, "Access is revoked"),
        ("  NOTE  the instance stops", YELLOW, "  NOTE"),
        ("  to do: remove the group", YELLOW, "  to do:"),
    ],
)
def test_what_must_not_be_missed_has_a_colour(line: str, style: str, word: str) -> None:
    shown = colored(f"before\n{line}\nafter", Terminal()).splitlines()
    assert shown == ["before", line.replace(word, f"{style}{word}{RESET}", 1), "after"]


@pytest.mark.parametrize(
    "line",
    [
        "  okay  is a name",
        "  the word ok is in the middle",
        "  NOT PROVENANCE  something else",
        "  removed  three",
        "12:00:00  UPDATE_COMPLETE  s",
        '  "ok": true,',
        "an error: in a sentence",
    ],
)
def test_other_lines_stay_as_they_are(line: str) -> None:
    assert colored(line, Terminal()) == line


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colour_where_none_is_wanted(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\033" in colored("error: x", Terminal())
    monkeypatch.setenv(name, value)
    assert colored("error: x", Terminal()) == "error: x"


def test_a_pipe_gets_the_words_alone() -> None:
    assert colored("error: x", io.StringIO()) == "error: x"


def test_a_name_from_elsewhere_cannot_colour_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    err = Terminal()
    monkeypatch.setattr("sys.stderr", err)
    Invocation("up").say("  NOTE  \033[32mok\033[0m")
    assert err.getvalue() == f"{YELLOW}  NOTE{RESET}  \\x1b[32mok\\x1b[0m\n"
    assert re.findall("\033", err.getvalue()) == ["\033"] * 2
