"""A command without a value that it needs: one sentence names all of them, and the next line is what to type."""

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from generator.cli.app import app
from generator.cli.index import SYNONYMS
from generator.cli.main import main
from generator.operations import sandbox


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command, with its path."""
    group = group or get_command(app)
    for name in group.commands:
        each = group.get_command(None, name)
        if hasattr(each, "commands"):
            yield from commands(each, (*path, name))
        else:
            yield (*path, name), each


def needed(command: Any) -> list[Any]:
    return [each for each in command.params if each.required]


ROLE = "arn:aws:iam::444455556666:role/x"
NEEDING = [(path, command) for path, command in commands() if needed(command)]


def names(parameter: Any) -> list[str]:
    option: str = parameter.opts[0]
    return [option] if option.startswith("-") else parameter.metavar.replace("...", "").split()


def test_there_are_such_commands() -> None:
    assert len(NEEDING) >= 12 and len(list(commands())) > 60


@pytest.mark.parametrize(("path", "command"), NEEDING, ids=[" ".join(path) for path, _ in NEEDING])
def test_each_command_names_all_that_is_missing_and_what_to_type(
    path: tuple[str, ...], command: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(path) == 2
    error, step, *described = capsys.readouterr().err.splitlines()
    wanted = [name for each in needed(command) for name in names(each)]
    assert error.endswith((" is missing.", " are missing.")) and all(name in error for name in wanted)
    assert step.startswith(f"  next: deployer {' '.join(path)} ") and all(name in step for name in wanted)
    assert len(described) == len(needed(command))
    typed = shlex.split(step.removeprefix("  next: deployer "))
    assert not missing(typed, capsys), "the line that it names is refused for want of a value"


def missing(typed: list[str], capsys: pytest.CaptureFixture[str]) -> bool:
    """Whether a line is refused because a value is missing; nothing is run, as --help is asked for too."""
    main([*typed, "--no-such-option"])
    return "missing." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "sentence", "line"),
    [
        ("publish --key k", "--bucket is missing.", "publish template --key k --bucket NAME"),
        ("config set region", "VALUE is missing.", "config set region VALUE"),
        (
            "vendor identity-policy",
            "--secret-id and --key-arn are missing.",
            "vendor identity-policy --secret-id ARN --key-arn ARN",
        ),
        (
            "access grant --reason 'a b' --for 8h",
            "--principal is missing.",
            "access grant --reason 'a b' --for 8h --principal ARN",
        ),
        ("--sandbox verify", "FILE is missing.", "verify FILE"),  # it asks no account
        ("--sandbox publish --key k", "--bucket is missing.", "--sandbox publish template --key k --bucket NAME"),
        ("--sandbox config set region", "VALUE is missing.", "config set region VALUE"),
        (f"access grant {ROLE} --for 8h", "--principal is missing.", f"access grant --for 8h --principal {ROLE}"),
        (f"vendor check {ROLE}", "--secret-id is missing.", f"vendor check --secret-id {ROLE}"),
        (
            f"access revoke {ROLE} --yes",
            f"Got unexpected extra argument(s) ({ROLE}).",
            f"access revoke --principal {ROLE} --yes",
        ),
        (
            f"--sandbox access revoke {ROLE} --yes",
            f"Got unexpected extra argument(s) ({ROLE}).",
            f"--sandbox access revoke --principal {ROLE} --yes",
        ),
        (
            f"--sandbox access grant {ROLE} --for 8h",
            "--principal is missing.",
            f"--sandbox access grant --for 8h --principal {ROLE}",
        ),
        ("access grant --reason x x", "--principal is missing.", "access grant --reason x --principal x"),
        ("access grant x --reason x", "--principal is missing.", "access grant --reason x --principal x"),
        ("--sandbox grant", "No such command 'grant'.", "--sandbox access grant; all commands: deployer --help"),
    ],
)
def test_what_was_typed_is_kept(typed: str, sentence: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "enter", lambda: True)
        assert main(shlex.split(typed)) == 2
    error, step = capsys.readouterr().err.splitlines()[:2]
    assert [error, step.replace("Perhaps: ", "")] == [f"error: {sentence}", f"  next: deployer {line}"]


@pytest.mark.parametrize("word", SYNONYMS)
def test_in_the_sandbox_no_hint_leads_out_of_it(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--sandbox", word]) == 2
    commands = re.findall(r"deployer [^;,]+", capsys.readouterr().err.partition("; all commands")[0])
    alone = ("sandbox", "demo", "generate", "lint", "config", "verify", "--install")
    assert commands
    for each in commands:
        assert each.startswith("deployer --sandbox ") != each.startswith(tuple(f"deployer {name}" for name in alone))


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("up --sandbox", "Write it before the command: deployer --sandbox up …"),
        ("--sandbox --profile x up", "Write it after the command: deployer --sandbox COMMAND --profile …"),
        ("--sandbox connect --target i-1", "Here it is: the instance is named without an option: deployer --sandbox c"),
    ],
)
def test_where_an_option_belongs_is_said_for_the_sandbox_too(
    typed: str, hint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sandbox, "enter", lambda: True)
    assert main(typed.split()) == 2
    assert f"  next: {hint}" in capsys.readouterr().err


def test_a_script_gets_the_same_in_the_envelope(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["access", "grant", "--output", "json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["message"] == "--principal is missing." and error["hint"].startswith("deployer access grant ")


@pytest.mark.parametrize(
    ("typed", "sentence", "described"),
    [
        ("up --vpc-id", "--vpc-id needs a value.", "--vpc-id ID: "),
        ("connect -L", "-L needs a value.", "-L [BIND:]PORT[:HOST:HOSTPORT]: "),
        ("db kill x", "Invalid value for 'PID': 'x' is not a whole number.", "PID: "),
        ("sandbox start --port x", "Invalid value for '--port': 'x' is not a whole number.", "--port PORT: "),
        ("events --limit 0", "Invalid value for '--limit': 0 is not at least 1.", "--limit LIMIT: "),
        ("cp --sessions 17 a b", "'--sessions': 17 is not between 1 and 16.", "--sessions SESSIONS: "),
        ("up --support-user maybe", "'maybe' is not one of 'yes', 'no'.", "--support-user: "),
    ],
)
def test_a_value_that_is_absent_or_of_another_form_is_described(
    typed: str, sentence: str, described: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(typed.split()) == 2
    error, step, more = capsys.readouterr().err.splitlines()
    assert error.startswith("error: ") and error.endswith(sentence) and step.startswith(f"  next: {described}")
    assert more.strip() == f"See: deployer {typed.rpartition(' -')[0] if ' -' in typed else 'db kill'} --help"
