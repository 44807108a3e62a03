"""--s3-bucket: a template that is too large to be sent goes to the customer's own bucket, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest

from generator.operations.stack import plan
from generator.template.emit import wire
from tests.embedded import PLACE, Deployer

BUCKET = "templates-of-ours"


@pytest.fixture
def bucket(deployer: Deployer) -> Any:
    client = deployer.gateway.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


def objects(client: Any) -> list[str]:
    return [each["Key"] for each in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def test_the_template_is_uploaded_and_read_from_there(
    deployer: Deployer, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "TEMPLATE_LIMIT_BYTES", 10_000)
    refused = deployer.up(*PLACE)
    assert (refused.code, "CloudFormation takes 10,000 in a call" in refused.err) == (2, True)
    assert "--s3-bucket NAME" in refused.err and deployer.gateway.cloudformation.find_stack(deployer.stack_name) is None
    deployer.create("--s3-bucket", BUCKET, "--s3-prefix", "deepsql/")
    [key] = objects(bucket)
    assert key.startswith("deepsql/") and key.endswith(".template")
    assert bucket.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() == wire()
    assert deployer.gateway.cloudformation.get_template(deployer.stack_name) == wire()
    changed = deployer.up("--session-log-retention-days=30", "--s3-bucket", BUCKET)
    assert changed.code == 0 and objects(bucket) == [key], "values alone need no template"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--s3-prefix", "deepsql"), "--s3-prefix is given without a bucket"),
        (("--s3-bucket", "s3://templates"), "--s3-bucket takes the name of a bucket, and 's3://templates' is none"),
        (("--s3-bucket", "no-such-bucket-of-ours"), "NoSuchBucket"),
    ],
)
def test_a_bucket_that_is_none_is_refused_and_nothing_stays(
    deployer: Deployer, argv: tuple[str, ...], said: str
) -> None:
    refused = deployer.up(*PLACE, *argv)
    assert refused.code in (1, 2, 4) and said in refused.err, refused.err
    assert deployer.gateway.cloudformation.find_stack(deployer.stack_name) is None
