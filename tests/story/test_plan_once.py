"""A plan is shown once: at a terminal, where both streams are one, and in a log of both."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.embedded import PLACE, VENDOR_ROLE, Deployer
from tests.terminal import on_terminal

DEPLOYER = (sys.executable, "-P", "-m", "generator")


@pytest.mark.parametrize(
    ("create", "argv", "line"),
    [
        (False, ("up", *PLACE), "SupportCredentialsSecret"),
        (True, ("up", "--session-log-retention-days", "30"), "SessionLogGroup"),
        (True, ("access", "grant", "--principal", VENDOR_ROLE), "AccessEndRule"),
    ],
)
def test_a_plan_that_is_only_shown_appears_once(
    create: bool, argv: tuple[str, ...], line: str, deployer: Deployer
) -> None:
    if create:
        deployer.create()
    command = [*DEPLOYER, *argv, "--plan", "--stack-name", deployer.stack_name]
    alone = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    code, shown = on_terminal(command)
    together = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True).stdout
    assert line in alone, alone
    assert (code, shown.count(line), together.count(line)) == (0, alone.count(line), alone.count(line))
