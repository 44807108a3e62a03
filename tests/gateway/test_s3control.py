"""The Block Public Access of an account: what it means, and the host that is asked."""

from __future__ import annotations

from typing import Any

import pytest

from generator.errors import AwsError
from generator.gateway.aws import Gateway
from generator.gateway.s3control import S3Control
from generator.model.deployment import Deployment

ACCOUNT = "111122223333"


@pytest.mark.parametrize(
    ("setting", "blocks"),
    [("BlockPublicPolicy", True), ("RestrictPublicBuckets", True), ("BlockPublicAcls", False)],
)
def test_what_keeps_everybody_from_reading(stubbed: Any, setting: str, blocks: bool) -> None:
    client, stub = stubbed.client("s3control")
    answer = {"PublicAccessBlockConfiguration": {setting: True}}
    stub.add_response("get_public_access_block", answer, {"AccountId": ACCOUNT})
    assert S3Control(client).blocks_public_policy(ACCOUNT) is blocks


def test_none_that_is_set_blocks_nothing_and_a_refusal_is_an_error(stubbed: Any) -> None:
    client, stub = stubbed.client("s3control")
    stub.add_client_error("get_public_access_block", "NoSuchPublicAccessBlockConfiguration", "none", 404)
    stub.add_client_error("get_public_access_block", "AccessDenied", "no", 403)
    assert S3Control(client).blocks_public_policy(ACCOUNT) is False
    with pytest.raises(AwsError):
        S3Control(client).blocks_public_policy(ACCOUNT)


class Sent(Exception):
    """Instead of sending; its text is the address."""


VPC = "control.vpce-1.s3.eu-west-1.vpce.amazonaws.com"


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [
        ("", f"{ACCOUNT}.s3-control.eu-west-1.amazonaws.com"),
        (f"https://{VPC}", f"{ACCOUNT}.{VPC}"),
        ("http://127.0.0.1:4566", "127.0.0.1:4566"),
        ("http://localhost:4566", "localhost:4566"),
        ("https://aws.example.com", "aws.example.com"),
    ],
)
def test_the_account_stands_before_the_host_of_aws_alone(
    endpoint: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3_CONTROL", endpoint)

    def refuse(request: Any, **_: object) -> None:
        raise Sent(request.url)

    service = Gateway(Deployment(region="eu-west-1")).s3control
    service._client.meta.events.register("before-send", refuse)
    with pytest.raises(Sent, match=f"^https?://{host}/v20180820/"):
        service._client.get_public_access_block(AccountId=ACCOUNT)
