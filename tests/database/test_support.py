"""The vendor's engineer with the support user's own key, which may start sessions and sign in, and ask for nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from generator.operations import sandbox
from tests.embedded import Deployer

from .test_revoke import aws, deployer  # noqa: F401 - fixtures
from .test_sandbox import LOCAL, Client, as_root, client_program  # noqa: F401 - fixtures

ASKED = ("-c", "SELECT current_user")


@pytest.fixture(scope="module")
def bundle(aws: Client) -> Iterator[str]:  # noqa: F811
    """A database, and a stack that lets support read it and has a bastion of the customer's besides."""
    bundle = str(sandbox.database("app")["caBundle"])
    [cluster] = aws("rds").describe_db_clusters(DBClusterIdentifier="app")["DBClusters"]
    Deployer("deepsql-selfhost").create(
        *("--database-endpoint", cluster["Endpoint"], "--database-port", str(cluster["Port"])),
        *("--database-resource-id", cluster["DbClusterResourceId"], "--support-database-level", "r"),
        *("--support-user", "yes", "--bastion-host", "yes"),
    )
    yield bundle


@pytest.fixture
def vendor(aws: Client, bundle: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:  # noqa: F811
    """What the vendor has: the secret's four values and the endpoint; the key is in use from here on."""
    [cluster] = aws("rds").describe_db_clusters(DBClusterIdentifier="app")["DBClusters"]
    with as_root(monkeypatch):
        stack = Deployer("deepsql-selfhost")
        for level in "rwo":  # that all three are there shows that IAM decides, and not the database
            assert stack("db", "bootstrap", *LOCAL, "--support", "--permission", level, "--yes").code == 0
        secret = aws("secretsmanager").get_secret_value(SecretId=stack.outputs["SupportSecretArn"])
    held: dict[str, str] = json.loads(secret["SecretString"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", held["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", held["SecretAccessKey"])
    return {**held, "Endpoint": cluster["Endpoint"]}


def refused_calls(aws: Client, key: str) -> list[tuple[str, str]]:  # noqa: F811
    """What AWS refused this key, as the customer's trail has it."""
    request = [{"AttributeKey": "AccessKeyId", "AttributeValue": key}]
    events = aws("cloudtrail").lookup_events(LookupAttributes=request)["Events"]
    told: list[Any] = [json.loads(event["CloudTrailEvent"]) for event in events]
    assert told, "the trail knows of no call"
    return [(each["eventName"], each["errorCode"]) for each in told if each.get("errorCode")]


def test_with_endpoint_and_instance_support_reads_and_no_call_of_it_is_refused(
    aws: Client,  # noqa: F811
    vendor: dict[str, str],
    deployer: Deployer,  # noqa: F811
) -> None:
    there = ("--support", "--endpoint", vendor["Endpoint"], "--target", vendor["InstanceId"], "--dbname", "app")
    asked = deployer("db", "connect", *there, *LOCAL, *ASKED)
    assert asked.code == 0, asked.out
    assert "deepsql-support_r" in asked.result["output"]
    token = deployer("db", "token", *there[:3])
    assert (token.code, token.result["user"]) == (0, "deepsql-support_r")
    who = deployer("db", "whoami", *there[:3]).result
    assert {(each["user"], each["permission"]) for each in who} == {
        (f"deepsql-support_{level}", "unknown") for level in "rwo"
    }
    assert refused_calls(aws, vendor["AccessKeyId"]) == []


def test_without_the_instance_it_is_found_by_its_tag_and_not_the_customers_bastion(
    vendor: dict[str, str],
    deployer: Deployer,  # noqa: F811
) -> None:
    asked = deployer("db", "connect", "--support", "--endpoint", vendor["Endpoint"], *LOCAL, *ASKED)
    assert asked.code == 0, asked.out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--support", "--permission", "w"), "iam-refused", "deepsql-support_w"),
        (("--support", "--permission", "o"), "iam-refused", "deepsql-support_o"),
        ((), "no-such-user", "SupportUser"),
        (("--support", "--document", "AWS-StartPortForwardingSessionToRemoteHost"), "aws", "may not open a tunnel"),
        (("--support", "--target", "<bastion>"), "aws", "may not open a tunnel"),
    ],
)
def test_another_access_level_user_way_or_host_is_refused(
    aws: Client,  # noqa: F811
    vendor: dict[str, str],
    deployer: Deployer,  # noqa: F811
    words: tuple[str, ...],
    code: str,
    says: str,
) -> None:
    [bastion] = aws("ec2").describe_instances(
        Filters=[{"Name": "tag:deepsql:bastion", "Values": ["deepsql-selfhost"]}]
    )["Reservations"]
    given = [bastion["Instances"][0]["InstanceId"] if word == "<bastion>" else word for word in words]
    instance = [] if "--target" in given else ["--target", vendor["InstanceId"]]
    document = ["--document", f"deepsql-database-{vendor['InstanceId']}"] if "--document" not in given else []
    refused = deployer("db", "connect", "--endpoint", vendor["Endpoint"], *instance, *document, *given, *LOCAL, *ASKED)
    assert (refused.code, refused.error["code"]) == (1, code), refused.out
    assert says in refused.error["message"]


def test_without_the_endpoint_support_is_told_what_to_give(
    vendor: dict[str, str],
    deployer: Deployer,  # noqa: F811
) -> None:
    refused = deployer("db", "connect", "--support", *LOCAL, *ASKED)
    assert refused.code == 1
    assert "may not list databases" in refused.error["message"] and "--endpoint HOST" in refused.error["hint"]


def test_the_customers_own_people_go_by_the_bastion_with_what_db_policy_prints(
    aws: Client,  # noqa: F811
    bundle: str,
    deployer: Deployer,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    iam = aws("iam")
    with as_root(monkeypatch):
        assert deployer("db", "bootstrap", *LOCAL, "--for", "jo=rw", "--yes").code == 0
        printed = Deployer("deepsql-selfhost")("db", "policy", "--user", "jo_r")
        own = deployer.outputs["InstanceId"]
    iam.create_user(UserName="jo")
    iam.put_user_policy(UserName="jo", PolicyName="p", PolicyDocument=printed.out)
    key = iam.create_access_key(UserName="jo")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    asked = deployer("db", "connect", *LOCAL, *ASKED)
    assert asked.code == 0, asked.out
    assert "jo_r" in asked.result["output"]
    assert {name for name, _ in refused_calls(aws, key["AccessKeyId"])} <= {"SimulatePrincipalPolicy"}
    refused = deployer("db", "connect", "--target", own, *LOCAL, *ASKED)
    assert (refused.code, refused.error["code"]) == (1, "aws")
    [sid] = [s for s in json.loads(printed.out)["Statement"] if s["Sid"] == "StartFromTheJumpHost"]
    assert sid["Condition"]["StringEquals"] == {"ssm:resourceTag/deepsql:bastion": "deepsql-selfhost"}
