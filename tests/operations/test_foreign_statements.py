"""What a grant makes of policies that are not as the template makes them, whatever stands in them."""

from __future__ import annotations

from typing import Any

import pytest

from generator.errors import Refused
from generator.model.command_line import CommandLine
from generator.model.grant import Grant
from generator.model.stack import Stack, StackStatus
from generator.operations.access import foreign_statements
from generator.operations.access.access_policies import SECRET
from generator.operations.access.foreign_statements import ForeignStatements
from generator.operations.access.stack_access import StackAccess

FOUND = StackAccess(Stack("s", "arn:aws:cloudformation:us-east-1:111122223333:stack/s/1", StackStatus("X")), Grant())
OURS, THEIRS = {"Sid": "VendorReadsTheSecret"}, {"Sid": "Theirs"}


@pytest.mark.parametrize(
    ("policy", "sids"),
    [
        ("", ()),
        ({}, ()),
        ({"Statement": OURS}, ()),
        ({"Statement": [OURS, THEIRS]}, ("Theirs",)),
        ('{"Statement": {"Effect": "Allow"}}', ("(without Sid)",)),
        ({"Statement": ["x", OURS]}, ("(not understood)",)),
        ("no policy", ("(not understood)",)),
        ("[]", ("(not understood)",)),
    ],
)
def test_what_the_template_does_not_make_is_found(policy: Any, sids: tuple[str, ...]) -> None:
    assert ForeignStatements(foreign_statements._of(SECRET, policy)).sids == sids


@pytest.mark.parametrize(
    ("made", "choice", "refused"),
    [
        ((THEIRS,), None, True),
        ((THEIRS,), "keep", False),
        ((THEIRS,), "replace", False),
        (("x",), None, True),
        (("x",), "keep", True),
        (("x",), "replace", False),
        ((), None, False),
    ],
)
def test_nobody_has_to_guess_what_becomes_of_it(made: tuple[Any, ...], choice: str | None, refused: bool) -> None:
    if not refused:
        foreign_statements.require_choice(ForeignStatements(made), FOUND, choice, CommandLine("s"))
        return
    with pytest.raises(Refused):
        foreign_statements.require_choice(ForeignStatements(made), FOUND, choice, CommandLine("s"))
