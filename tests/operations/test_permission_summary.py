"""Whose a statement is: a Sid is a name that anybody may use, so what it permits counts."""

from __future__ import annotations

from typing import Any

import pytest

from generator.model.policy import statements
from generator.operations.access.permission_summary import BOUNDED, is_bounded
from generator.policies.support import support_user_policy_document

OURS = {"Sid": "StartSessionsOnThisInstance", "Effect": "Allow", "Action": "ssm:StartSession", "Resource": "*"}
SSH = {"Sid": "PushSshKeysForOneLogin", "Action": "ec2-instance-connect:SendSSHPublicKey"}


@pytest.mark.parametrize(
    ("change", "ours"),
    [
        ({}, True),
        ({"Sid": "StartSessionsOnThisInstanceAsRole"}, True),
        (SSH, True),
        ({"Action": "*"}, False),
        ({"Action": ["ssm:StartSession", "iam:CreateAccessKey"]}, False),
        ({"Action": "ssm:*"}, False),
        (SSH | {"Action": "ssm:StartSession"}, False),
        ({"NotAction": "iam:*", "Action": None}, False),
        ({"Effect": "Deny"}, False),
        ({"Sid": "Theirs"}, False),
        ({"Sid": ""}, False),
    ],
    ids=str,
)
def test_a_statement_is_the_stacks_by_its_name_and_by_what_it_permits(change: dict[str, Any], ours: bool) -> None:
    made = {name: value for name, value in (OURS | change).items() if value is not None}
    [statement] = statements({"Version": "2012-10-17", "Statement": [made]})
    assert is_bounded(statement) is ours


def test_every_statement_of_the_template_that_permits_something_is_known() -> None:
    written = {s.sid for s in statements(support_user_policy_document()) if s.allows}
    assert written - set(BOUNDED) == {"EndOwnSessions"}
