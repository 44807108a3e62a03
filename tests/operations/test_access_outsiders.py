"""Who counts as somebody from outside the account, in whatever way a policy names it."""

from __future__ import annotations

from typing import Any

import pytest

from generator.errors import UsageError
from generator.model.grant import Grant
from generator.model.policy import parse_policy
from generator.model.principal import Principal, parse_own
from generator.model.stack import Stack, StackStatus
from generator.operations.access.outsiders import outsiders
from generator.operations.access.paths.roles import if_yours
from generator.operations.access.stack_access import StackAccess

OWN = "arn:aws:iam::111122223333"
OUTPUTS = {"SupportUserName": "support", "SupportRoleArn": f"{OWN}:role/support-role"}
STACK = Stack(
    "s", "arn:aws:cloudformation:us-east-1:111122223333:stack/s/1", StackStatus("UPDATE_COMPLETE"), outputs=OUTPUTS
)
FOUND = StackAccess(STACK, Grant())


def who(services: bool = True, **statement: Any) -> list[str]:
    policy = parse_policy({"Statement": {"Sid": "S", "Effect": "Allow", "Action": "kms:Decrypt", **statement}})
    return [opening.who for opening in outsiders(policy, FOUND, services=services)]


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": f"{OWN}:root"},
        {"AWS": "111122223333"},
        {"AWS": [f"{OWN}:role/ours", f"{OWN}:user/support-lead"]},
        {"Service": ["logs.us-east-1.amazonaws.com", "s3.amazonaws.com.cn"]},
    ],
)
def test_the_accounts_own_principals_and_services_are_inside(principal: Any) -> None:
    assert who(Principal=principal) == []


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        {"AWS": "*"},
        {"AWS": "444455556666"},
        {"AWS": "arn:aws:iam::444455556666:root"},
        {"AWS": "arn:aws:iam::777788889999:role/x.amazonaws.com"},
        {"AWS": "arn:aws:sts::444455556666:assumed-role/x/y"},
        {"AWS": "AROAIOSFODNN7EXAMPLE"},
        {"AWS": "logs.amazonaws.com"},
        {"AWS": "arn:aws:iam:111122223333"},
        {"AWS": f"{OWN}:user/path/support"},
        {"AWS": f"{OWN}:role/support-role"},
        {"AWS": "arn:aws:sts::111122223333:assumed-role/support-role/ada"},
        {"Service": "*"},
        {"Service": "logs.amazonaws.com.example.org"},
        {"Federated": "accounts.google.com"},
        {"Federated": f"{OWN}:saml-provider/ours"},
        {"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"},
        {"Unheard": "of"},
        {"AWS": [f"{OWN}:root", "444455556666"]},
    ],
)
def test_everybody_else_counts_and_so_does_what_is_not_understood(principal: Any) -> None:
    assert len(who(Principal=principal)) == 1


def test_everyone_but_some_and_nobody_by_name_count() -> None:
    assert who(NotPrincipal={"AWS": f"{OWN}:root"}) == ["*"]
    assert who() == ["a principal that is not named"]


def test_a_service_may_use_the_key_and_does_not_become_the_role() -> None:
    assert who(services=False, Principal={"Service": "ec2.amazonaws.com"}) == ["ec2.amazonaws.com"]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"StringEquals": {"kms:CallerAccount": "111122223333"}}, []),
        ({"StringEquals": {"aws:principalaccount": ["111122223333"]}}, []),
        ({"StringEquals": {"aws:PrincipalAccount": ["111122223333", "444455556666"]}}, ["*"]),
        ({"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}}, ["*"]),
        ({"StringEqualsIfExists": {"aws:PrincipalAccount": "111122223333"}}, ["*"]),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, ["*"]),
        ({"ArnLike": {"aws:PrincipalArn": f"{OWN}:role/*"}}, []),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::444455556666:role/x"}}, ["arn:aws:iam::444455556666:role/x"]),
        ({"ArnNotLike": {"aws:PrincipalArn": f"{OWN}:role/*"}}, ["*"]),
        ({"Unheard": {"aws:PrincipalArn": f"{OWN}:role/*"}}, ["*"]),
    ],
)
def test_only_a_condition_that_is_understood_limits_it(condition: Any, found: list[str]) -> None:
    assert who(Principal="*", Condition=condition) == found


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ({"Principal": {"AWS": "arn:aws:iam::444455556666:role/x"}}, []),
        ({"Principal": {"AWS": ["444455556666", "777788889999"]}}, ["777788889999"]),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}}, []),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": ["o-abcdefghij", "o-2"]}}}, ["*"]),
        ({"Principal": "*", "Condition": {"StringLike": {"aws:PrincipalOrgID": "o-abcdefghij"}}}, ["*"]),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": []}}}, ["*"]),
    ],
)
def test_what_the_customer_says_is_its_own_is_inside(statement: Any, found: list[str]) -> None:
    policy = parse_policy({"Statement": {"Effect": "Allow", "Action": "kms:Decrypt", **statement}})
    access = FOUND.declaring({"444455556666", "o-abcdefghij"})
    assert [opening.who for opening in outsiders(policy, access)] == found


def test_the_account_of_somebody_who_has_access_is_not_the_customers() -> None:
    granted = StackAccess(STACK, Grant((Principal("aws", "444455556666", "role/x"),)))
    with pytest.raises(UsageError, match="444455556666 cannot be your own"):
        granted.declaring({"444455556666"})


@pytest.mark.parametrize("text", ["12", "444455556666;777788889999", "o-1", "*", "arn:aws:iam::444455556666:root"])
def test_only_ids_can_be_declared(text: str) -> None:
    with pytest.raises(UsageError):
        parse_own(text)
    assert parse_own("444455556666, o-abcdefghij") == {"444455556666", "o-abcdefghij"} and not parse_own("")


def test_a_refusal_lets_nobody_in() -> None:
    assert who(Principal="*", Effect="Deny") == []


@pytest.mark.parametrize(
    ("who", "vendors", "offered"),
    [
        ("arn:aws:iam::777788889999:root", set(), True),
        ("arn:aws:iam::777788889999:root", {"777788889999"}, False),
        ("arn:aws:iam::444455556666:role/y", set(), False),
        ("*", set(), False),
    ],
)
def test_an_account_that_is_or_was_the_vendors_is_not_offered_as_the_customers(
    who: str, vendors: set[str], offered: bool
) -> None:
    granted = StackAccess(STACK, Grant((Principal("aws", "444455556666", "role/x"),)))
    assert ("--own" in if_yours(granted, who, lambda: frozenset(vendors))) == offered
