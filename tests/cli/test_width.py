"""Lines at a terminal: no word is cut, what a table says stays under its column, what is to be copied stays whole."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator import cli
from generator.cli.width import fitted

LISTED = (
    "ok    resources           key, support user, support role, secret, session log group, session documents, keeper"
)
PERMITS = (
    "    Allow  VendorDecryptViaSecretsManager  arn:aws:iam::444455556666:role/deepsql-support  until 2026-11-30T22:01Z"
)
CHANGE = "  modify     PortDocument          AWS::SSM::Document  interrupts: stopped and started  Content"
ARN = "ok    instance role  arn:aws:iam::111122223333:instance-profile/deepsql-tutorial-InstanceProfile-76F74CFE5B0F8"
WIDTHS = [60, 80, 100]


@pytest.mark.parametrize("columns", [0, 20, 200])
def test_a_line_that_fits_and_a_file_or_a_tiny_terminal_are_left_alone(columns: int) -> None:
    assert fitted(LISTED, columns) == [LISTED]


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("line", [LISTED, PERMITS, CHANGE])
def test_every_word_is_kept_whole_and_every_line_fits(line: str, columns: int) -> None:
    lines = fitted(line, columns)
    assert " ".join(lines).split() == line.split()
    assert all(len(each) <= columns for each in lines)


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_last_column_goes_on_under_itself(columns: int) -> None:
    first, *others = fitted(LISTED, columns)
    assert others and all(each[:26].isspace() and each[26] != " " for each in others)
    assert first.startswith("ok    resources           key, support user")


def test_where_the_last_column_has_no_room_the_line_goes_on_further_in_than_it_began() -> None:
    assert fitted(PERMITS, 100)[1].startswith("        until ")
    assert fitted(CHANGE, 60)[1].startswith("      ")


def test_a_cell_without_room_begins_a_line_of_its_own() -> None:
    line = "ok    instance i-0a1fc2c69a79e8f74  tokens required, hop limit 1, and the instance answers to its agent now"
    first, *others = fitted(line, 60)
    assert first == "ok    instance i-0a1fc2c69a79e8f74" and all(each[:4].isspace() for each in others)


def test_next_stays_with_its_command() -> None:
    line = '  next: deployer --sandbox COMMAND, or for every AWS client of this shell: eval "$(deployer sandbox env)"'
    assert fitted(line, 100) == [line]


def test_a_command_stays_whole_so_that_it_can_be_copied() -> None:
    command = "deployer access grant --principal ARN --stack-name deepsql-tutorial --region us-east-1"
    lines = fitted(f"  NOTE  The grant ends with this update, and so does every session. Grant again: {command}", 100)
    assert lines[-1].strip() == command and lines[0].endswith("Grant again:")
    assert fitted(f"  next: {command}", 60) == [f"  next: {command}"]
    trail = '         next: (eval "$(deployer sandbox env)" && aws cloudtrail create-trail --name sessions)'
    assert fitted(trail, 60) == [trail]
    assert fitted(f"    aws kms schedule-key-deletion --key-id {'0' * 36} --region eu-west-1", 60)[0].endswith(
        "eu-west-1"
    )


def test_a_word_longer_than_a_line_is_left_to_the_terminal() -> None:
    assert fitted(ARN, 60) == [ARN]


def test_json_is_copied_as_it_is() -> None:
    line = f'        "Resource": "arn:aws:secretsmanager:us-east-1:111122223333:secret:{"x" * 40}", "a sentence"'
    assert fitted(line, 60) == [line]


COPIED = {
    "up_lines",
    "lint_lines",
    "splitlines",
    "public_lines",
}  # outputs of a stack, findings as editors read them, JSON, a key


def _unfitted() -> Iterator[tuple[str, str]]:
    """The command files and the functions whose lines a command prints without regard to the terminal."""
    for file in sorted((Path(cli.__file__).parent).glob("*_commands.py")):
        for call in (each for each in ast.walk(ast.parse(file.read_text())) if isinstance(each, ast.Call)):
            if ast.unparse(call.func) == "CommandResult" and "to_read" not in {word.arg for word in call.keywords}:
                calls = (each for text in call.args[1:] for each in ast.walk(text) if isinstance(each, ast.Call))
                yield from ((file.name, name) for each in calls if (name := _name(each)).endswith("lines"))


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def test_what_a_command_prints_to_be_read_is_as_wide_as_the_terminal() -> None:
    assert not [each for each in _unfitted() if each[1] not in COPIED]
    assert {name for _, name in _unfitted()} == COPIED
