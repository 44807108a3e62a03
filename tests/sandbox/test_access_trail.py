"""CloudTrail in the sandbox: who it was, what was refused, and what the owner of a shared secret sees."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

CUSTOMER, VENDOR = "111122223333", "444455556666"


def document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", **statement}})


def events(client: Any, name: str, account: str = CUSTOMER) -> list[dict[str, Any]]:
    query = [{"AttributeKey": "EventName", "AttributeValue": name}]
    recorded = client("cloudtrail", account).lookup_events(LookupAttributes=query)["Events"]
    return [json.loads(event["CloudTrailEvent"]) for event in recorded]


def test_a_user_is_named_and_a_refusal_is_recorded(client: Any) -> None:
    iam, name = client("iam"), f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    with pytest.raises(ClientError):
        client("ssm", keys=key).start_session(Target="i-0123456789abcdef0", Reason="looking")
    latest = events(client, "StartSession")[0]
    assert latest["userIdentity"]["type"] == "IAMUser" and latest["userIdentity"]["userName"] == name
    assert latest["errorCode"] == "AccessDenied" and "is not authorized" in latest["errorMessage"]
    assert latest["requestParameters"] == {"target": "i-0123456789abcdef0", "reason": "looking"}
    query = [{"AttributeKey": "AccessKeyId", "AttributeValue": key["AccessKeyId"]}]
    mine = client("cloudtrail").lookup_events(LookupAttributes=query)["Events"]
    assert [event["Username"] for event in mine] == [name]


def test_both_sides_of_a_read_across_accounts_have_it_in_their_trail(client: Any) -> None:
    name = f"share-{uuid.uuid4().hex[:8]}"
    secret = client("secretsmanager").create_secret(Name=name, SecretString="s3cret")["ARN"]
    trust = document(Action="sts:AssumeRole", Principal={"AWS": VENDOR})
    role = client("iam", VENDOR).create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    keys = client("sts", VENDOR).assume_role(RoleArn=role, RoleSessionName="ada")["Credentials"]
    with pytest.raises(ClientError):
        client("secretsmanager", keys=keys).get_secret_value(SecretId=secret)
    theirs, ours = events(client, "GetSecretValue", VENDOR)[0], events(client, "GetSecretValue")[0]
    assert theirs["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == role
    assert ours["userIdentity"]["type"] == "AWSAccount" and ours["userIdentity"]["accountId"] == VENDOR
    assert ours["sharedEventID"] == theirs["sharedEventID"] and ours["recipientAccountId"] == CUSTOMER


def test_a_managed_policy_of_awss_is_no_other_accounts_resource(client: Any) -> None:
    name = f"role-{uuid.uuid4().hex[:8]}"
    client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document(Action="sts:AssumeRole", Principal="*"))
    client("iam").attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    assert "sharedEventID" not in events(client, "AttachRolePolicy")[0]


def test_no_secret_is_recorded(client: Any) -> None:
    client("secretsmanager").create_secret(Name=f"s-{uuid.uuid4().hex[:8]}", SecretString="never-to-be-seen")
    assert "never-to-be-seen" not in json.dumps(events(client, "CreateSecret"))


def test_a_long_history_comes_in_pages_and_none_is_lost(client: Any) -> None:
    iam = client("iam")
    for _ in range(55):
        iam.get_account_summary()
    trail = client("cloudtrail")
    query = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "GetAccountSummary"}]}
    pages = list(trail.get_paginator("lookup_events").paginate(**query))
    assert len(pages[0]["Events"]) == 50 and sum(len(page["Events"]) for page in pages) >= 55
    times = [event["EventTime"] for page in pages for event in page["Events"]]
    assert times == sorted(times, reverse=True)
    later = trail.lookup_events(**query, StartTime=times[0] + timedelta(seconds=5))["Events"]
    assert later == []


def test_an_unsigned_call_is_not_taken_for_root(endpoint: str) -> None:
    call = urllib.request.Request(endpoint, b'{"State": "Active"}', {"X-Amz-Target": "AmazonSSM.DescribeSessions"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(call, timeout=5)
    assert b"MissingAuthenticationToken" in caught.value.read()
