"""Policies as AWS has them, whatever stands in them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.model.grant import Grant
from generator.model.policy import ANYONE, PrincipalType, parse_policy, statements
from generator.model.principal import Principal
from generator.model.wildcards import arn_like, like
from generator.operations.access import policy_edit

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
STAYS = Grant((Principal("aws", "444455556666", "role/A"),))
WORDS = st.sampled_from(
    ["Statement", "Sid", "Ours", "Effect", "Allow", "Principal", "AWS", "*", "Action", "Condition", "ArnLike", ROLE]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def test_a_statement_is_asked_about_itself_however_aws_spells_it() -> None:
    for text in (DOCUMENT, json.dumps(DOCUMENT)):
        ours, other = statements(text)
        assert ours.accounts >= {"444455556666", "777788889999"} and ours.principal_arns == (ROLE,)
        assert ours.dead_principals == ("AROAIOSFODNN7EXAMPLE",)
        assert ours.until == datetime(2026, 12, 1, tzinfo=UTC) and ours.allows
        assert (other.sid, other.principals, other.allows, other.until) == ("", (ANYONE,), False, None)
        assert other.name == "number 2, which has no Sid" and parse_policy(text).problems == ()
    assert statements(DOCUMENT)[0].sid == "Ours"


def test_one_statement_without_a_list_is_one_and_no_text_is_a_policy_without_any() -> None:
    assert len(statements({"Statement": DOCUMENT["Statement"][0]})) == 1  # type: ignore[index]
    assert parse_policy("") == parse_policy({}) and not parse_policy("").problems


@pytest.mark.parametrize("text", ["not json", "[]", "[" * 10_000, 7, None, [DOCUMENT], {"Version": "2012-10-17"}])
def test_what_is_no_policy_is_named_and_has_no_statements(text: Any) -> None:
    assert parse_policy(text).problems and statements(text) == ()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"Effect": "allow"}, "Effect"),
        ({"Effect": None}, "Effect"),
        ({"Condition": "x"}, "Condition"),
        ({"Principal": 7}, "Principal"),
        ({"Principal": {}}, "Principal"),
    ],
)
def test_what_is_not_understood_of_a_statement_is_named_and_counts_as_permitted(
    change: dict[str, Any], named: str
) -> None:
    raw = {**DOCUMENT["Statement"][0], **change}  # type: ignore[dict-item]
    found = parse_policy({"Statement": [raw]})
    assert named in found.problems[0] and "Ours" in found.problems[0] and found.statements[0].allows


def test_a_principal_keeps_its_type() -> None:
    named = {"AWS": ["a"], "Service": "b", "Federated": "c", "CanonicalUser": "d", "Other": "e"}
    found = statements({"Statement": {"Effect": "Allow", "Principal": named}})[0]
    assert [p.type for p in found.principals] == [*PrincipalType]


def test_an_inverted_element_is_read_as_what_it_lets_in() -> None:
    inverted = {"Effect": "Allow", "NotPrincipal": {"AWS": ROLE}, "NotAction": "iam:*", "NotResource": "x"}
    found = statements({"Statement": inverted})[0]
    assert found.principals == (ANYONE,) and found.inverted == {"NotPrincipal", "NotAction", "NotResource"}
    assert found.permits("ssm:StartSession") and not found.permits("iam:CreateUser")


@pytest.mark.parametrize(
    ("conditions", "end"),
    [
        ({"DateLessThan": {"aws:CurrentTime": "2026-12-01T00:00:00Z"}}, 1),
        ({"DateLessThanEquals": {"AWS:currenttime": ["2026-12-01T00:00:00Z", "2026-12-03T00:00:00Z"]}}, 3),
        (
            {
                "DateLessThan": {"aws:CurrentTime": "2026-12-02T00:00:00Z"},
                "DateLessThanEqualsIfExists": {"aws:CurrentTime": "2026-12-01T00:00:00Z"},
            },
            1,
        ),
        ({"DateLessThan": {"aws:CurrentTime": ["2026-12-01T00:00:00Z", "tomorrow"]}}, None),
        ({"DateGreaterThan": {"aws:CurrentTime": "2026-12-01T00:00:00Z"}}, None),
        ({"DateLessThan": {"aws:TokenIssueTime": "2026-12-01T00:00:00Z"}}, None),
        ({"DateLessThan": {"aws:CurrentTime": []}}, None),
        ({"DateLessThan": {"aws:CurrentTime": "9999-12-31T23:59:59Z"}}, None),
    ],
)
def test_of_several_ends_the_one_that_binds_counts(conditions: Any, end: int | None) -> None:
    found = statements({"Statement": {"Effect": "Allow", "Condition": conditions}})[0].until
    assert found == (datetime(2026, 12, end, tzinfo=UTC) if end else None)


@pytest.mark.parametrize(
    "operator", ["ArnNotLike", "StringNotEquals", "ArnLikeIfExists", "Null", "ForAnyValue:ArnLike"]
)
def test_only_an_operator_that_limits_is_taken_for_a_limit(operator: str) -> None:
    raw = {"Effect": "Allow", "Principal": "*", "Condition": {operator: {"aws:PrincipalArn": ROLE}}}
    assert statements({"Statement": raw})[0].principal_arns == ()


@given(JSON, JSON)
def test_nothing_that_json_can_say_stops_reading_or_changing_it(found: Any, statement: Any) -> None:
    for document in (found, {"Statement": found}, {"Statement": [statement, found]}, json.dumps(found)):
        policy = parse_policy(document)
        asked = [
            (s.until, s.principal_arns, s.accounts, s.permits("a:b"), s.limited_to({"1"})) for s in policy.statements
        ]
        assert len(asked) == len(policy.statements)
        for sid in ("Ours", ""):
            assert not policy_edit.has_sid(policy_edit.without(document, sid), sid)
            left = policy_edit.restricted(document, sid, STAYS)
            assert all(
                s.sid != sid or set(s.principal_arns) <= {p.pattern for p in STAYS.principals}
                for s in statements(left or {})
            )


def test_a_vendors_statement_is_narrowed_and_an_odd_one_goes_whole() -> None:
    left = policy_edit.restricted(DOCUMENT, "Ours", STAYS)
    ours, other = statements(left or {})
    assert ours.principal_arns == (STAYS.principals[0].pattern,) and ours.accounts == {"444455556666"}
    assert ours.until is not None and other.effect == "Deny"
    for change in ({"Condition": {}}, {"Effect": "Deny"}, {"Condition": None}, {"NotPrincipal": "*"}):
        odd = {"Statement": {**DOCUMENT["Statement"][0], **change}}  # type: ignore[dict-item]
        assert policy_edit.restricted(odd, "Ours", STAYS) is None


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("arn:aws:iam::4:*", "arn:aws:iam::4:role/x", True),
        ("arn:aws:iam::4:role/*", "arn:aws:iam::4:role/a/b", True),
        ("arn:aws:iam::4:role/?", "arn:aws:iam::4:role/*", False),
        ("arn:aws:iam::*:role/x", "arn:aws:iam::4:role/x", True),
        ("arn:*:role/x", "arn:aws:iam::4:role/x", True),
        ("*", "arn:aws:iam::4:role/x", True),
        ("arn:aws:iam::4:role/[x]", "arn:aws:iam::4:role/x", False),
        ("arn:aws:iam::4:role/x", "arn:aws:iam::4:role/X", False),
    ],
)
def test_a_wildcard_matches_within_its_part_of_an_arn(pattern: str, text: str, matches: bool) -> None:
    assert arn_like(pattern, text) is matches and like("a*b?", "a:bc")
