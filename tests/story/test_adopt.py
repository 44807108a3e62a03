"""Taking over a stack of the published template while support uses it: no gap, nothing lost, nothing left open."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from botocore.session import Session

from generator.errors import AwsError
from generator.gateway.aws import Gateway
from generator.gateway.sts import STS
from generator.model.access import Credentials
from tests.embedded import VENDOR_ROLE, Deployer

BY_HAND = {
    "Sid": "AsTheVendorsGuideSays",
    "Effect": "Allow",
    "Principal": {"AWS": VENDOR_ROLE},
    "Action": "secretsmanager:GetSecretValue",
    "Resource": "*",
}


@dataclass
class Watch:
    """What somebody saw who used the secret's key over and over: each key in turn, and when one did not work."""

    gateway: Gateway
    arn: str
    keys: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    asked: int = 0
    clients: dict[str, STS] = field(default_factory=dict)  # to make one takes longer than to ask with it

    def look(self) -> None:
        key = held(self.gateway, self.arn)
        self.asked += 1
        if key.access_key_id not in self.keys:
            self.keys.append(key.access_key_id)
        if key.access_key_id not in self.clients:
            self.clients[key.access_key_id] = self.gateway.sts_as(key)
        if not answers(self.clients[key.access_key_id]) and held(self.gateway, self.arn) == key:
            self.gaps.append(key.access_key_id)


def held(gateway: Gateway, arn: str) -> Credentials:
    value = json.loads(gateway.secretsmanager.get_secret_value(arn))
    return Credentials(value["AccessKeyId"], value["SecretAccessKey"])


def works(gateway: Gateway, key: Credentials) -> bool:
    return answers(gateway.sts_as(key))


def answers(client: STS) -> bool:
    try:
        return bool(client.get_caller_arn())
    except AwsError:
        return False


@contextmanager
def watching(deployer: Deployer) -> Iterator[Watch]:
    """Use the secret's key in another thread for as long as this lasts, and once more at the end."""
    watch, over = Watch(deployer.gateway, deployer.outputs["SupportSecretArn"]), threading.Event()
    errors: list[Exception] = []

    def go_on() -> None:
        try:
            while not over.wait(0.02):
                watch.look()
        except Exception as error:  # whatever it is, the test shall fail by it
            errors.append(error)

    watch.look()
    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()
    assert not errors, errors
    watch.look()


def test_the_key_leaves_cloudformation_and_there_is_always_one_that_works(published: Deployer) -> None:
    gateway, ids = published.gateway, published.physical_ids()
    arn = published.outputs["SupportSecretArn"]
    old, machine = held(gateway, arn), gateway.ec2.describe_instance(ids["Instance"])
    assert old.access_key_id == ids["SupportAccessKey"] and works(gateway, old)

    with watching(published) as watch:
        done = published.upgrade()
    assert done.code == 0, done.err

    new = held(gateway, arn)
    assert watch.keys == [old.access_key_id, new.access_key_id] and not watch.gaps and watch.asked > 10
    assert works(gateway, new) and not works(gateway, old)
    assert [k.key_id for k in gateway.iam.list_access_keys(ids["SupportUser"])] == [new.access_key_id]
    assert published.physical_ids()["Instance"] == ids["Instance"]
    assert gateway.ec2.describe_instance(ids["Instance"]) == machine


@pytest.mark.parametrize(("choice", "stays"), [("keep", True), ("replace", False)])
def test_what_the_customer_put_into_the_secrets_policy_is_shown_and_kept_or_replaced(
    choice: str, stays: bool, published: Deployer
) -> None:
    gateway, arn = published.gateway, published.outputs["SupportSecretArn"]
    gateway.secretsmanager.put_resource_policy(arn, {"Version": "2012-10-17", "Statement": [BY_HAND]})
    assert published.upgrade().code == 0
    assert sids(gateway, arn) == {BY_HAND["Sid"]}, "an update has no say in it"
    shown = published("access", "show").out
    assert f"statement {BY_HAND['Sid']} was added by hand: Allow {VENDOR_ROLE}" in shown

    grant = ("access", "grant", "--principal", VENDOR_ROLE, "--for", "2h", "--yes", "--output", "json")
    refused = published(*grant)
    assert (refused.code, refused.error["code"]) == (3, "by-hand") and BY_HAND["Sid"] in refused.error["message"]
    granted = published(*grant, "--by-hand", choice)
    assert granted.code == 0, granted.err
    assert sids(gateway, arn) == {"VendorReadsTheSecret", *([BY_HAND["Sid"]] if stays else [])}
    assert reads(arn)

    assert published("access", "revoke", "--all", "--yes").code == 0
    assert not sids(gateway, arn) and not reads(arn)


def sids(gateway: Gateway, arn: str) -> set[str]:
    return {statement.sid for statement in gateway.secretsmanager.get_resource_policy(arn).statements}


def reads(arn: str) -> bool:
    """Whether the vendor's role reads the secret."""
    from botocore.exceptions import ClientError

    try:
        Session(profile="vendor").create_client("secretsmanager").get_secret_value(SecretId=arn)
    except ClientError:
        return False
    return True
