"""Policies as AWS has them."""

import json
from datetime import UTC, datetime

from generator.model.policy import statements, with_sid

ROLE = "arn:aws:iam::444455556666:role/Support"
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Ours",
            "Effect": "Allow",
            "Principal": {"AWS": ["arn:aws:iam::444455556666:root", "777788889999", "AROAIOSFODNN7EXAMPLE"]},
            "Action": "secretsmanager:GetSecretValue",
            "Resource": "*",
            "Condition": {
                "ArnLike": {"aws:PrincipalArn": ROLE},
                "DateLessThan": {"aws:CurrentTime": "2026-12-01T00:00:00Z"},
            },
        },
        {"Effect": "Deny", "Principal": "*", "Action": ["a:b", "a:c"], "Resource": ["*"]},
    ],
}


def test_a_statement_is_asked_about_itself_however_aws_spells_it() -> None:
    for text in (DOCUMENT, json.dumps(DOCUMENT)):
        ours, other = statements(text)
        assert ours.accounts >= {"444455556666", "777788889999"} and ours.principal_arns == (ROLE,)
        assert ours.dead_principals == ("AROAIOSFODNN7EXAMPLE",)
        assert ours.until == datetime(2026, 12, 1, tzinfo=UTC) and ours.allows
        assert (other.sid, other.principals, other.allows, other.until) == ("", ("*",), False, None)
    assert with_sid(statements(DOCUMENT), "Ours") == statements(DOCUMENT)[0]


def test_one_statement_without_a_list_and_no_policy_at_all() -> None:
    assert len(statements({"Statement": DOCUMENT["Statement"][0]})) == 1  # type: ignore[index]
    assert statements("") == statements("not json") == statements("[]") == statements({}) == ()
