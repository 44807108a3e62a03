"""TemplateURL with a version: the template is that version, as on AWS, whatever is in its place by now."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded import Deployer

TOPIC = "Resources: {{{name}: {{Type: AWS::SNS::Topic}}}}\n"


@pytest.fixture
def versions(deployer: Deployer) -> tuple[str, list[str]]:
    """The address of a template, and its versions: First, of 60,000 bytes, and Second."""
    client = deployer.gateway.client("s3")
    client.create_bucket(Bucket="versions")
    client.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    bodies = (TOPIC.format(name="First") + "# long\n" * 9000, TOPIC.format(name="Second"))
    made = [client.put_object(Bucket="versions", Key="templates/a.yaml", Body=body)["VersionId"] for body in bodies]
    return f"{client.meta.endpoint_url}/versions/templates/a.yaml", made


def taken(deployer: Deployer, name: str, url: str) -> str:
    client: Any = deployer.gateway.client("cloudformation")
    client.create_stack(StackName=name, TemplateURL=url)
    client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    return str(client.get_template(StackName=name)["TemplateBody"])


def test_the_version_that_is_named_is_the_template(deployer: Deployer, versions: tuple[str, list[str]]) -> None:
    url, (first, second) = versions
    assert taken(deployer, "one", f"{url}?versionId={first}").startswith(TOPIC.format(name="First"))
    assert taken(deployer, "two", f"{url}?versionId={second}") == TOPIC.format(name="Second")
    assert taken(deployer, "three", url) == TOPIC.format(name="Second")


def test_a_version_that_does_not_exist_is_refused(deployer: Deployer, versions: tuple[str, list[str]]) -> None:
    url, _ = versions
    client: Any = deployer.gateway.client("cloudformation")
    for operation, more in ((client.create_stack, {"StackName": "none"}), (client.validate_template, {})):
        with pytest.raises(ClientError, match="specified version does not exist"):
            operation(TemplateURL=f"{url}?versionId=none", **more)
    with pytest.raises(ClientError, match="less than or equal to 51200"):
        client.validate_template(TemplateBody="# long\n" * 9000)
