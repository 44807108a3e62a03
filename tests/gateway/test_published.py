"""The objects of a publication: written only where nothing is, or in the place of the very object that was read."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.response import StreamingBody

from generator.errors import AwsError, NotFound
from generator.gateway.kms import KMS
from generator.gateway.s3 import S3
from generator.model.release import BucketSettings, LifecycleRule, StoredObject
from generator.model.signature import PublicHalf

PUT = {"Bucket": "b", "Key": "k", "Body": b"x", "ContentType": "text/plain", "ServerSideEncryption": "AES256"}


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict"])
def test_an_object_is_created_only_where_there_is_none(stubbed: Any, code: str) -> None:
    client, stub = stubbed.client("s3")
    stub.add_response("put_object", {}, {**PUT, "IfNoneMatch": "*"})
    stub.add_client_error("put_object", code, "no", 412, expected_params={**PUT, "IfNoneMatch": "*"})
    assert S3(client).create("b", "k", b"x", "text/plain") and not S3(client).create("b", "k", b"x", "text/plain")


def test_an_object_is_replaced_only_as_it_was_read(stubbed: Any) -> None:
    client, stub = stubbed.client("s3")
    stub.add_response("put_object", {}, {**PUT, "IfMatch": '"e"'})
    stub.add_client_error("put_object", "PreconditionFailed", "no", 412, expected_params={**PUT, "IfMatch": '"e"'})
    stub.add_client_error("put_object", "AccessDenied", "no", 403)
    s3 = S3(client)
    assert s3.replace("b", "k", b"x", "text/plain", '"e"') and not s3.replace("b", "k", b"x", "text/plain", '"e"')
    with pytest.raises(AwsError):
        s3.replace("b", "k", b"x", "text/plain", '"e"')


def test_an_object_is_read_with_its_etag(stubbed: Any) -> None:
    client, stub = stubbed.client("s3")
    stub.add_response(
        "get_object",
        {"Body": StreamingBody(io.BytesIO(b"x"), 1), "ETag": '"e"', "VersionId": "3/L4"},
        {"Bucket": "b", "Key": "k"},
    )
    stub.add_client_error("get_object", "NoSuchKey", "no", 404)
    stub.add_client_error("get_object", "AccessDenied", "no", 403)
    assert S3(client).read("b", "k") == StoredObject(b"x", '"e"', "3/L4") and S3(client).read("b", "k") is None
    with pytest.raises(AwsError):
        S3(client).read("b", "k")


ABSENT = {
    "get_bucket_policy": "NoSuchBucketPolicy",
    "get_bucket_ownership_controls": "OwnershipControlsNotFoundError",
    "get_public_access_block": "NoSuchPublicAccessBlockConfiguration",
    "get_bucket_lifecycle_configuration": "NoSuchLifecycleConfiguration",
}


def test_the_settings_of_a_bucket_that_has_none(stubbed: Any) -> None:
    client, stub = stubbed.client("s3")
    stub.add_response("head_bucket", {"BucketRegion": "eu-west-1"})
    stub.add_response("get_bucket_versioning", {})
    for operation, code in ABSENT.items():
        stub.add_client_error(operation, code, "none", 404)
    assert S3(client).settings("b") == BucketSettings("eu-west-1", "", "", "", False)


@pytest.mark.parametrize("blocking", ["BlockPublicPolicy", "RestrictPublicBuckets"])
def test_the_settings_of_a_bucket(stubbed: Any, blocking: str) -> None:
    client, stub = stubbed.client("s3")
    stub.add_response("head_bucket", {"BucketRegion": "eu-west-1"})
    stub.add_response("get_bucket_versioning", {"Status": "Enabled"})
    stub.add_response("get_bucket_policy", {"Policy": "{}"})
    rules = {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}}
    stub.add_response("get_bucket_ownership_controls", rules)
    stub.add_response("get_public_access_block", {"PublicAccessBlockConfiguration": {blocking: True}})
    stub.add_response("get_bucket_lifecycle_configuration", {"Rules": []})
    assert S3(client).settings("b") == BucketSettings("eu-west-1", "Enabled", "{}", "BucketOwnerEnforced", True)


ENABLED = {"Status": "Enabled", "ID": "r"}
RULES: list[tuple[dict[str, Any], str | None]] = [
    ({**ENABLED, "Filter": {"Prefix": "a/"}, "Expiration": {"Days": 30}}, "a/"),
    ({**ENABLED, "Prefix": "b/", "Expiration": {"Date": datetime(2027, 1, 1, tzinfo=UTC)}}, "b/"),
    ({**ENABLED, "Filter": {"And": {"Prefix": "c/", "ObjectSizeLessThan": 9}}, "Expiration": {"Days": 1}}, "c/"),
    ({**ENABLED, "Filter": {}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}, ""),
    ({**ENABLED, "Filter": {}, "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]}, ""),
    ({**ENABLED, "Filter": {}, "Expiration": {"ExpiredObjectDeleteMarker": True}}, None),
    ({**ENABLED, "Filter": {}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}, None),
    ({**ENABLED, "Status": "Disabled", "Filter": {}, "Expiration": {"Days": 30}}, None),
]


@pytest.mark.parametrize(("rule", "prefix"), RULES)
def test_the_rules_that_delete_or_move_objects(stubbed: Any, rule: dict[str, Any], prefix: str | None) -> None:
    client, stub = stubbed.client("s3")
    stub.add_response("head_bucket", {})
    stub.add_response("get_bucket_versioning", {})
    for operation, code in list(ABSENT.items())[:-1]:
        stub.add_client_error(operation, code, "none", 404)
    stub.add_response("get_bucket_lifecycle_configuration", {"Rules": [rule]})
    assert S3(client).settings("b").lifecycle == (() if prefix is None else (LifecycleRule("r", prefix),))


def test_what_may_not_be_read_of_a_bucket_is_an_error(stubbed: Any) -> None:
    client, stub = stubbed.client("s3")
    stub.add_response("head_bucket", {})
    stub.add_response("get_bucket_versioning", {})
    stub.add_client_error("get_bucket_policy", "AccessDenied", "no", 403)
    with pytest.raises(AwsError):
        S3(client).settings("b")


def test_kms_signs_a_digest(stubbed: Any) -> None:
    client, stub = stubbed.client("kms")
    stub.add_response("get_public_key", {"PublicKey": b"der", "KeyUsage": "SIGN_VERIFY"}, {"KeyId": "k"})
    expected = {"KeyId": "k", "Message": bytes(32), "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}
    stub.add_response("sign", {"Signature": b"sig"}, expected)
    stub.add_client_error("get_public_key", "NotFoundException", "Key 'k' does not exist", 400)
    kms = KMS(client)
    assert kms.get_public_key("k") == PublicHalf(b"der", "SIGN_VERIFY") and kms.sign_digest("k", bytes(32)) == b"sig"
    with pytest.raises(NotFound):
        kms.get_public_key("k")
