"""A template put into a bucket: the URL that CloudFormation is given for it."""

from __future__ import annotations

from typing import Any

import pytest

from generator.errors import AwsError
from generator.gateway.cloudformation import CloudFormation
from generator.gateway.s3 import S3
from generator.gateway.ssm import SSM
from generator.model.change_set import ChangeSetRequest


@pytest.mark.parametrize(
    ("version", "query"), [({}, ""), ({"VersionId": "null"}, ""), ({"VersionId": "3/L4"}, "?versionId=3/L4")]
)
def test_the_url_names_this_version_of_the_object(stubbed: Any, version: dict[str, str], query: str) -> None:
    client, stub = stubbed.client("s3")
    expected = {"Bucket": "b", "Key": "p/x y", "Body": "Ä".encode(), "ContentType": "application/yaml"}
    stub.add_response("put_object", version, expected)
    url = S3(client).put_template("b", "p/x y", "Ä")
    assert url == f"{client.meta.endpoint_url}/b/p/x%20y{query}"


@pytest.mark.parametrize(("code", "names_it"), [("NoSuchBucket", True), ("AccessDenied", False)])
def test_a_bucket_that_is_not_there_is_named_with_its_option(stubbed: Any, code: str, names_it: bool) -> None:
    client, stub = stubbed.client("s3")
    stub.add_client_error("put_object", code, "refused", 404)
    with pytest.raises(AwsError) as caught:
        S3(client).put_template("b", "k", "body")
    assert ("Check --s3-bucket: a bucket b does not exist" in caught.value.hint) == names_it


def test_a_change_set_reads_the_template_from_its_url_and_is_not_sent_it(stubbed: Any) -> None:
    client, stub = stubbed.client("cloudformation")
    expected = {
        "StackName": "s",
        "ChangeSetName": "c",
        "ClientToken": "c",
        "ChangeSetType": "CREATE",
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "TemplateURL": "https://s3.amazonaws.com/b/k",
        "Parameters": [],
    }
    stub.add_response("create_change_set", {"Id": "cs", "StackId": "s"}, expected)
    request = ChangeSetRequest("s", "c", True, "Resources: {}", {}, template_url="https://s3.amazonaws.com/b/k")
    assert CloudFormation(client).create_change_set(request) == "cs"


def test_the_versions_of_a_document(stubbed: Any) -> None:
    client, stub = stubbed.client("ssm")
    stub.add_response("describe_document", {"Document": {"DefaultVersion": "2", "LatestVersion": "3"}}, {"Name": "d"})
    found = SSM(client).document_versions("d")
    assert (found.name, found.default, found.latest) == ("d", "2", "3")
