"""IAM counts the characters of a policy without white space: 2,048 for all inline policies of a user together."""

from __future__ import annotations

import boto3
import pytest

from generator.model import policy_size
from generator.template.emit import template_dict
from tests.proof.resolve import URL_SUFFIX, Place, Stack
from tests.template.rendered import CLI_CREATES

NAME = "n" * 64
EVERYTHING = CLI_CREATES | {
    "CreateSupportRole": "Yes",
    "SupportUserName": NAME,
    "SupportRoleName": NAME,
    "SupportSsh": "Yes",
    "SupportSshUser": "u" * 32,
    "SupportDefaultShell": "Yes",
    "DatabaseEndpoint": "db.example.com",
    "DatabaseResourceId": "cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "SupportDatabaseLevel": "r",
    "SupportAccessUntil": "2026-12-01T00:00:00Z",
}
PLACES = [
    Place(region, partition)
    for partition in URL_SUFFIX
    for region in boto3.Session().get_available_regions("ssm", partition)
]


def characters(place: Place, name: str) -> int:
    policy = Stack(template_dict(), EVERYTHING, place).property(name, "PolicyDocument")
    return policy_size.characters(policy)


def test_the_longest_regions_are_among_those_that_are_counted() -> None:
    assert {len(place.region) for place in PLACES} >= {13, 14}
    assert {place.partition for place in PLACES} == {"aws", "aws-cn", "aws-us-gov"}


@pytest.mark.parametrize("partition", URL_SUFFIX)
def test_the_users_own_policy_fits_in_every_region(partition: str) -> None:
    for place in PLACES:
        if place.partition == partition:
            assert characters(place, "SupportUserPolicy") <= policy_size.INLINE_OF_A_USER, place
            assert characters(place, "SupportSessionPolicy") <= policy_size.MANAGED, place


def test_it_has_the_users_only_inline_policy() -> None:
    """The limit is on all of them together."""
    stack = Stack(template_dict(), EVERYTHING)
    holders = [
        name
        for name in stack.of_type("AWS::IAM::Policy", "AWS::IAM::UserPolicy")
        if stack.name("SupportUser") in stack.property(name, "Users", [])
    ]
    assert holders == ["SupportUserPolicy"] and stack.property("SupportUser", "Policies") is None


def test_white_space_between_the_parts_is_not_counted() -> None:
    assert policy_size.characters({"Sid": "A", "Action": ["a:b", "c:d"]}) == len('{"Sid":"A","Action":["a:b","c:d"]}')
