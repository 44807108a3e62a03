"""The gateway's IAM in front of moto: a second opinion on pages, on what is not found, on policies there and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from generator.errors import NotFound
from generator.gateway.aws import Gateway
from generator.model.access import AccessKey
from generator.model.policy import parse_policy

MORE_THAN_A_PAGE = 105  # IAM lists a hundred at a time


def policy(sid: str = "S", **condition: Any) -> dict[str, Any]:
    statement = {"Sid": sid, "Effect": "Allow", "Action": ["s3:Get*"], "Resource": "*", "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.fixture
def iam(moto_gateway: Gateway) -> Any:
    """A boto3 client of our own, for what the product itself never does; with a user and a role."""
    client = moto_gateway.client("iam")
    client.create_user(UserName="u")
    client.create_role(RoleName="r", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
    return client


def test_attached_policies_beyond_the_first_page_are_read(iam: Any, moto_gateway: Gateway) -> None:
    for number in range(MORE_THAN_A_PAGE):
        arn = iam.create_policy(PolicyName=f"p{number:03}", PolicyDocument=json.dumps(policy()))["Policy"]["Arn"]
        iam.attach_user_policy(UserName="u", PolicyArn=arn)
    assert len(moto_gateway.iam.attached_user_policies("u")) == MORE_THAN_A_PAGE


DOCUMENTS = [
    policy("Percent", StringLike={"aws:PrincipalArn": ["arn:aws:iam::111122223333:role/100%25 + x"]}),
    policy("Letters", StringEquals={"aws:RequestTag/Stadt": "Zürich & Genf"}),
    policy("Date", DateLessThan={"aws:CurrentTime": "2026-12-01T00:00:00Z"}),
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["Statement"][0]["Sid"])
def test_a_policy_comes_back_as_it_was_put(document: dict[str, Any], iam: Any, moto_gateway: Gateway) -> None:
    moto_gateway.iam.put_user_policy("u", "p", document)
    assert moto_gateway.iam.user_policies("u") == {"p": parse_policy(document, "p")}
    moto_gateway.iam.put_role_policy("r", "p", document)
    assert moto_gateway.iam.get_role_policy("r", "p") == document
    trust = {**document, "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    moto_gateway.iam.update_trust("r", trust)
    assert moto_gateway.iam.get_trust("r") == trust


def test_of_a_managed_policy_the_default_version_is_in_force(iam: Any, moto_gateway: Gateway) -> None:
    arn = iam.create_policy(PolicyName="m", PolicyDocument=json.dumps(policy("First")))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(policy("Second")), SetAsDefault=True)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(policy("Third")), SetAsDefault=False)
    iam.attach_user_policy(UserName="u", PolicyArn=arn)
    assert moto_gateway.iam.attached_user_policies("u")[arn].statements[0].sid == "Second"


def test_keys_are_listed_oldest_first_switched_and_deleted(iam: Any, moto_gateway: Gateway) -> None:
    made = [iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"] for _ in range(2)]
    keys = moto_gateway.iam.list_access_keys("u")
    assert {key.key_id for key in keys} == set(made) and [key.created for key in keys] == sorted(
        k.created for k in keys
    )
    moto_gateway.iam.update_access_key(keys[0], active=False)
    assert [key.status for key in moto_gateway.iam.list_access_keys("u")].count("Inactive") == 1
    assert moto_gateway.iam.get_access_key_last_used(keys[0]).last_service == ""
    for _ in range(2):
        moto_gateway.iam.delete_access_key(keys[0])
    assert [key.key_id for key in moto_gateway.iam.list_access_keys("u")] == [keys[1].key_id]


GONE = AccessKey("AKIAIOSFODNN7EXAMPLE", "nobody", "Active")
MISSING: list[Callable[[Gateway], object]] = [
    lambda aws: aws.iam.list_access_keys("nobody"),
    lambda aws: aws.iam.user_policies("nobody"),
    lambda aws: aws.iam.role_policies("nobody"),
    lambda aws: aws.iam.attached_user_policies("nobody"),
    lambda aws: aws.iam.get_trust("nobody"),
    lambda aws: aws.iam.get_role_policy("r", "nothing"),
    lambda aws: aws.iam.delete_user_policy("u", "nothing"),
    lambda aws: aws.iam.delete_role_policy("r", "nothing"),
    lambda aws: aws.iam.update_access_key(GONE, active=False),
]


@pytest.mark.parametrize("ask", MISSING)
def test_what_does_not_exist_is_not_found(ask: Callable[[Gateway], object], iam: Any, moto_gateway: Gateway) -> None:
    with pytest.raises(NotFound):
        ask(moto_gateway)


def test_whether_somebody_exists_is_a_yes_or_a_no(iam: Any, moto_gateway: Gateway) -> None:
    assert moto_gateway.iam.user_exists("u") and not moto_gateway.iam.user_exists("nobody")
    assert moto_gateway.iam.role_exists("r") and not moto_gateway.iam.role_exists("nobody")
