"""Whom a grant may name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import UsageError
from generator.model.principal import Principal, parse_principal

NAMES = st.from_regex(r"(role|user)/([a-z0-9.-]{1,8}/){0,2}[A-Za-z0-9+=.@_-]{1,20}", fullmatch=True)


@given(partition=st.sampled_from(["aws", "aws-cn", "aws-us-gov"]), name=st.one_of(st.just("root"), NAMES))
def test_an_arn_survives_being_recorded_and_read_back(partition: str, name: str) -> None:
    principal = parse_principal(f"arn:{partition}:iam::444455556666:{name}")
    assert principal.arn == f"arn:{partition}:iam::444455556666:{name}"
    assert Principal.from_pattern(principal.pattern) == principal


def test_a_whole_account_covers_its_roles_and_users_but_no_other_account() -> None:
    whole = parse_principal("arn:aws:iam::444455556666:root")
    assert whole.covers_account and whole.pattern == "arn:aws:iam::444455556666:*"


@pytest.mark.parametrize(
    ("text", "says", "suggests"),
    [
        ("*", "every AWS account", "role/NAME"),
        ("arn:aws:iam::444455556666:role/*", "wildcard", "role/NAME"),
        ("arn:aws:iam::444455556666:role/Support?", "wildcard", "role/NAME"),
        ("arn:aws:iam::*:root", "not the ARN", "role/NAME"),
        ("444455556666", "an account id", "arn:aws:iam::444455556666:root"),
        ("arn:aws:sts::444455556666:assumed-role/Support/ada", "a session", "arn:aws:iam::444455556666:role/Support"),
        (
            "arn:aws:sts::444455556666:assumed-role/AWSReservedSSO_Ops_1234/ada@x.co",
            "a session",
            "arn:aws:iam::444455556666:role/aws-reserved/sso.amazonaws.com/REGION/AWSReservedSSO_Ops_1234",
        ),
        ("arn:aws:sts::444455556666:federated-user/ada", "a session", "role/NAME"),
        ("AROAIOSFODNN7EXAMPLE", "internal id", "role/NAME"),
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
def test_anything_else_is_refused_with_the_right_arn_where_there_is_one(text: str, says: str, suggests: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_principal(text)
    assert says in caught.value.message and suggests in caught.value.hint
