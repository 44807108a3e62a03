"""Whom a grant may name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import UsageError
from generator.model.grant import Grant
from generator.model.principal import Principal, parse_principal, parse_recorded

NAMES = st.from_regex(r"(role|user)/([a-z0-9.-]{1,8}/){0,2}[A-Za-z0-9+=.@_-]{1,20}", fullmatch=True)


@given(partition=st.sampled_from(["aws", "aws-cn", "aws-us-gov"]), name=st.one_of(st.just("root"), NAMES))
def test_an_arn_survives_being_recorded_and_read_back(partition: str, name: str) -> None:
    principal = parse_principal(f"arn:{partition}:iam::444455556666:{name}")
    assert principal.arn == f"arn:{partition}:iam::444455556666:{name}"
    assert Principal.from_pattern(principal.pattern) == principal


def test_a_whole_account_covers_its_roles_and_users_but_no_other_account() -> None:
    whole = parse_principal("arn:aws:iam::444455556666:root")
    assert whole.pattern == "arn:aws:iam::444455556666:*"


@pytest.mark.parametrize(
    ("text", "says", "suggests"),
    [
        ("*", "every AWS account", "role/NAME"),
        ("arn:aws:iam::444455556666:role/*", "wildcard", "role/NAME"),
        ("arn:aws:iam::444455556666:role/Support?", "wildcard", "role/NAME"),
        ("arn:aws:iam::*:root", "not the ARN", "role/NAME"),
        ("444455556666", "an account ID", "arn:aws:iam::444455556666:root"),
        ("arn:aws:sts::444455556666:assumed-role/Support/ada", "a session", "arn:aws:iam::444455556666:role/Support"),
        (
            "arn:aws:sts::444455556666:assumed-role/AWSReservedSSO_Ops_1234/ada@x.co",
            "a session",
            "arn:aws:iam::444455556666:role/aws-reserved/sso.amazonaws.com/REGION/AWSReservedSSO_Ops_1234",
        ),
        ("arn:aws:sts::444455556666:federated-user/ada", "a session", "role/NAME"),
        ("AROAIOSFODNN7EXAMPLE", "internal ID", "role/NAME"),
        ("lambda.amazonaws.com", "service", "role/NAME"),
        ("arn:aws:iam::444455556666:group/ops", "neither an account", "role/NAME"),
        ("arn:aws:iam::444455556666:instance-profile/p", "neither an account", "role/NAME"),
        ("arn:aws:iam::444455556666:role/a,b", "comma", "without a comma"),
        ("arn:aws:s3:::bucket", "not the ARN", "role/NAME"),
        ("", "not the ARN", "role/NAME"),
        ("arn:aws:iam::444455556666:role/", "neither an account", "role/NAME"),
        ("arn:aws:iam::444455556666:role/Support\n", "not the ARN", "role/NAME"),
    ],
)
def test_anything_else_is_refused_with_the_right_arn_if_one_exists(text: str, says: str, suggests: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_principal(text)
    assert says in caught.value.message and suggests in caught.value.hint


ROLE = "arn:aws:iam::444455556666:role/deepsql-support"


def test_spaces_around_an_arn_are_left_out() -> None:
    assert parse_principal(f" {ROLE}  ") == parse_principal(ROLE)


@pytest.mark.parametrize(
    ("wide", "narrow", "covers"),
    [
        ("arn:aws:iam::444455556666:root", ROLE, True),
        ("arn:aws:iam::444455556666:*", ROLE, True),
        (ROLE, ROLE, True),
        ("arn:aws:iam::444455556666:role/deepsql-*", ROLE, True),
        ("arn:aws:iam::444455556666:role/*", "arn:aws:iam::444455556666:role/team/x", True),
        ("arn:aws:iam::*:role/deepsql-support", ROLE, True),
        ("arn:aws:iam::444455556666:role/team/deepsql-support", ROLE, True),
        ("arn:aws:iam::444455556666:role/DeepSQL-Support", ROLE, True),
        ("*", ROLE, True),
        (ROLE, "arn:aws:iam::444455556666:root", False),
        (ROLE, "arn:aws:iam::444455556666:role/deepsql-*", False),
        ("arn:aws:iam::444455556666:role/deepsql-?upport", "arn:aws:iam::444455556666:role/deepsql-*", False),
        ("arn:aws:iam::777788889999:root", ROLE, False),
        ("arn:aws-cn:iam::444455556666:root", ROLE, False),
        ("arn:aws:iam::444455556666:user/deepsql-support", ROLE, False),
        ("arn:aws:iam::444455556666:role/deepsql-support-2", ROLE, False),
        ("nonsense", ROLE, False),
    ],
)
def test_whom_a_principal_lets_in_besides_itself(wide: str, narrow: str, covers: bool) -> None:
    assert Principal.from_pattern(wide).covers(Principal.from_pattern(narrow)) is covers


def test_a_grant_names_whoever_covers_a_principal_and_whoever_covers_those() -> None:
    root, pattern, other = (
        Principal.from_pattern(f"arn:aws:iam::{rest}")
        for rest in ("444455556666:root", "444455556666:role/deepsql-*", "777788889999:role/x")
    )
    role = Principal.from_pattern(ROLE)
    grant = Grant(tuple(sorted((root, pattern, other, role))))
    assert set(grant.covering((role,))) == {root, pattern} and grant.covering((root, other)) == ()


@pytest.mark.parametrize(
    "text", ["arn:aws:iam::444455556666:role/*", "arn:aws:iam::*:role/x", "*", "arn:aws:s3:::x", "sts", "a:b:c:d:e:f"]
)
def test_what_a_person_typed_into_the_console_stays_unchanged(text: str) -> None:
    assert Principal.from_pattern(text).pattern == Principal.from_pattern(text).arn == text
    if "*" in text:
        assert parse_recorded(f" {text} ").pattern == text
