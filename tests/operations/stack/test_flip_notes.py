"""What a flip says of a grant to many: how many, not each of them twice."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import Mock

import pytest

from generator.model.command_line import CommandLine
from generator.model.stack import Stack, StackStatus
from generator.operations.stack import support_grant

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def notes(number: int) -> str:
    arns = [f"arn:aws:iam::444455556666:role/support-{each}" for each in range(number)]
    parameters = {
        "CreateSupportUser": "Yes",
        "CreateSupportRole": "Yes",
        "VendorAccounts": "444455556666",
        "VendorPrincipals": ",".join(arns),
        "SupportAccessUntil": "2027-01-01T00:00:00Z",
        "SupportAccessReason": "",
        "SupportAccessVia": "all",
        "SupportSessionsNotBefore": "",
    }
    stack = Stack(
        "s",
        "arn:aws:cloudformation:us-east-1:111122223333:stack/s/1",
        StackStatus("UPDATE_COMPLETE"),
        parameters=parameters,
    )
    gateway = Mock(commands=CommandLine("s"))
    return "\n".join(support_grant.notes(gateway, {"CreateSupportUser": "No"}, stack, NOW))


@pytest.mark.parametrize(("number", "named", "counted"), [(2, True, False), (20, False, True)])
def test_a_grant_to_many_is_counted(number: int, named: bool, counted: bool) -> None:
    text = notes(number)
    assert ("role/support-1" in text, "20 principals" in text) == (named, counted)
    assert "stays open to" in text and "access revoke --all" in text
