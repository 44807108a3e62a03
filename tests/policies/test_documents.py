"""Policy documents with plain values, as they are printed for manual installs and for the vendor."""

from __future__ import annotations

import json

import awacs.ssm as ssm
from awacs.aws import StringEquals

from generator.policies.document import allow, before, document, plain
from generator.policies.support import support_user_policy_document
from generator.policies.vendor import vendor_identity_policy

START = "arn:aws-us-gov:ec2:us-gov-west-1:111122223333:instance/i-0a1b2c3d4e5f60718"


def statements(**given: object) -> dict[str, dict[str, object]]:
    policy = support_user_policy_document(**given)  # type: ignore[arg-type]
    text = json.loads(json.dumps(policy))
    return {statement["Sid"]: statement for statement in text["Statement"]}


def test_a_manual_install_gets_its_own_values() -> None:
    found = statements(
        region="us-gov-west-1",
        account="111122223333",
        partition="aws-us-gov",
        instance_ids=["i-0a1b2c3d4e5f60718"],
        documents=["shell", "tunnel"],
        until="2026-12-01T00:00:00Z",
        tag=("team", "sql"),
    )
    start = found["StartSessionsOnThisInstance"]
    assert start["Resource"] == START
    assert start["Condition"] == {
        "StringEquals": {"ssm:resourceTag/team": "sql"},
        "BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"},
        "DateLessThan": {"aws:CurrentTime": "2026-12-01T00:00:00Z"},
    }
    assert found["StartSessionsWithTheseDocuments"]["Resource"] == [
        "arn:aws-us-gov:ssm:us-gov-west-1:111122223333:document/shell",
        "arn:aws-us-gov:ssm:us-gov-west-1:111122223333:document/tunnel",
    ]


def test_without_values_the_placeholders_show_what_to_fill_in() -> None:
    text = json.dumps(support_user_policy_document())
    assert "arn:aws:ec2:REGION:ACCOUNT_ID:instance/*" in text
    assert f'session/${{aws:username}}-{17 * "?"}"' in text
    assert "DateLessThan" not in text


def test_an_end_stops_everything_but_ending() -> None:
    found = statements(until="2026-12-01T00:00:00Z")
    endless = {sid for sid, statement in found.items() if "DateLessThan" not in json.dumps(statement)}
    assert endless == {"EndOwnSessions", "NoSessionTokens"}


def test_the_vendor_gets_two_permissions_and_no_more() -> None:
    policy = vendor_identity_policy("arn:aws:secretsmanager:x", "arn:aws:kms:y")
    assert [
        (statement["Action"], statement["Resource"])
        for statement in policy["Statement"]  # type: ignore[attr-defined]
    ] == [
        ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:x"),
        ("kms:Decrypt", "arn:aws:kms:y"),
    ]


def test_an_end_may_be_decided_later() -> None:
    """The template gives a reference instead of a date."""
    later = {"Ref": "SupportAccessUntil"}
    policy = plain(document([allow("A", [ssm.StartSession], "*", StringEquals("k", "v"), *before(later))]))
    [statement] = policy["Statement"]  # type: ignore[index]
    assert statement["Condition"] == {"StringEquals": {"k": "v"}, "DateLessThan": {"aws:CurrentTime": later}}
