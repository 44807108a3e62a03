"""The help of a command: its options in groups, each once, the common ones last."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

DEPLOYER = str(Path(sys.executable).with_name("deployer"))


def help_of(*command: str) -> dict[str, list[str]]:
    """The options of each group of a command's help."""
    done = subprocess.run([DEPLOYER, *command, "--help"], capture_output=True, text=True, check=True)
    groups: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        if title := re.fullmatch(r"(\w[\w ]*):", line):
            groups[title[1]] = []
        elif option := re.match(r"  (?:-\w, )?(--[\w-]+)", line):
            groups[next(reversed(groups))].append(option[1])
    return groups


def test_the_options_of_up_are_grouped_by_topic() -> None:
    groups = help_of("up")
    assert list(groups) == [
        *("Options", "What you decide at the start", "Support", "Database", "Advanced"),
        *("CloudFormation", "Common options"),
    ]
    options = [option for group in groups.values() for option in group]
    assert len(options) == len(set(options)) > 50
    for group, option in {
        "Options": "--plan",
        "What you decide at the start": "--admin-password-file",
        "Support": "--support-user",
        "Database": "--support-database-level",
        "Advanced": "--parameter-file",
        "CloudFormation": "--tags",
        "Common options": "--help",
    }.items():
        assert option in groups[group]


@pytest.mark.parametrize("command", [("status",), ("ssh",), ("run",), ("access", "grant"), ("db", "connect")])
def test_what_every_command_has_comes_last(command: tuple[str, ...]) -> None:
    title, options = list(help_of(*command).items())[-1]
    assert title == "Common options" and {"--profile", "--region", "--yes", "--help"} <= set(options)
