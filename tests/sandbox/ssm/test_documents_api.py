"""Documents, commands and pushed keys over the API."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import launch

SHELL = {
    "schemaVersion": "1.0",
    "sessionType": "Standard_Stream",
    "inputs": {"s3EncryptionEnabled": True, "cloudWatchEncryptionEnabled": True, "runAsEnabled": False},
}


def code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_a_document_has_versions_and_one_of_them_is_the_default(client: Any) -> None:
    ssm, name = client("ssm"), f"doc-{uuid.uuid4().hex[:8]}"
    ssm.create_document(
        Name=name, Content=json.dumps(SHELL), DocumentType="Session", Tags=[{"Key": "owner", "Value": "us"}]
    )
    assert code(ssm.create_document, Name=name, Content=json.dumps(SHELL), DocumentType="Session") == (
        "DocumentAlreadyExists"
    )
    longer = json.dumps({**SHELL, "description": "two"})
    assert ssm.update_document(Name=name, Content=longer)["DocumentDescription"]["DocumentVersion"] == "2"
    assert code(ssm.update_document, Name=name, Content=longer) == "DuplicateDocumentContent"
    assert json.loads(ssm.get_document(Name=name)["Content"]) == SHELL
    assert json.loads(ssm.get_document(Name=name, DocumentVersion="$LATEST")["Content"])["description"] == "two"
    ssm.update_document_default_version(Name=name, DocumentVersion="2")
    described = ssm.describe_document(Name=name)["Document"]
    assert (described["DefaultVersion"], described["LatestVersion"], described["Status"]) == ("2", "2", "Active")
    filters = [{"Key": "tag:owner", "Values": ["us"]}]
    assert [listed["Name"] for listed in ssm.list_documents(Filters=filters)["DocumentIdentifiers"]] == [name]
    ssm.add_tags_to_resource(ResourceType="Document", ResourceId=name, Tags=[{"Key": "b", "Value": "c"}])
    assert len(ssm.list_tags_for_resource(ResourceType="Document", ResourceId=name)["TagList"]) == 2
    ssm.delete_document(Name=name)
    assert code(ssm.describe_document, Name=name) == "InvalidDocument"


@pytest.mark.parametrize(
    "change",
    [
        {"sessionType": "Telnet"},
        {"inputs": {}},
        {"inputs": {**SHELL["inputs"], "idleSessionTimeout": "61"}},
        {"sessionType": "Port", "properties": {"host": "db"}},
        {"properties": {"host": "{{ nowhere }}"}},
        {"parameters": {"portNumber": {"type": "String", "allowedPattern": "("}}},
    ],
)
def test_a_document_that_could_start_no_session_is_refused(client: Any, change: dict[str, Any]) -> None:
    content = json.dumps({**SHELL, **change})
    assert code(client("ssm").create_document, Name="odd", Content=content, DocumentType="Session") == (
        "InvalidDocumentContent"
    )


def test_a_command_is_answered_by_the_imitated_shell_only(client: Any, instance: str) -> None:
    ssm = client("ssm")
    script = {"commands": ["echo hello && cat /var/log/deepsql-install.log", "curl http://example.com || exit 3"]}
    sent = ssm.send_command(InstanceIds=[instance], DocumentName="AWS-RunShellScript", Parameters=script)["Command"]
    ask = {"CommandId": sent["CommandId"], "InstanceId": instance}
    assert ssm.get_command_invocation(**ask)["Status"] == "InProgress"
    time.sleep(0.15)
    done = ssm.get_command_invocation(**ask)
    assert (done["Status"], done["ResponseCode"]) == ("Failed", 3)
    assert done["StandardOutputContent"].startswith("hello\nThe sandbox ran no installer")
    assert "runs no programs" in done["StandardErrorContent"]
    listed = ssm.list_command_invocations(CommandId=sent["CommandId"], Details=True)["CommandInvocations"]
    assert listed[0]["CommandPlugins"][0]["ResponseCode"] == 3


def test_commands_go_out_by_tag_and_not_to_nodes_without_an_agent(client: Any) -> None:
    ssm, tag = client("ssm"), uuid.uuid4().hex
    online, silent = launch(client, {"fleet": tag}), launch(client, {"fleet": tag}, agent=[])
    asked = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["true"]}}
    sent = ssm.send_command(Targets=[{"Key": "tag:fleet", "Values": [tag]}], **asked)["Command"]
    assert sent["TargetCount"] == 1
    assert ssm.list_command_invocations(CommandId=sent["CommandId"])["CommandInvocations"][0]["InstanceId"] == online
    assert code(ssm.send_command, InstanceIds=[silent], **asked) == "InvalidInstanceId"


def test_a_key_is_pushed_for_the_permitted_user_alone(client: Any, user: Any, instance: str) -> None:
    arn = f"arn:aws:ec2:us-east-1:111122223333:instance/{instance}"
    only_support = {
        "Effect": "Allow",
        "Action": "ec2-instance-connect:SendSSHPublicKey",
        "Resource": arn,
        "Condition": {"StringEquals": {"ec2:osuser": "support", "aws:ResourceTag/deepsql:managed": "true"}},
    }
    push = user(only_support)("ec2-instance-connect").send_ssh_public_key
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6m9cVbCqYHqk2cN1dDRm0mI2uL7b1mJY5uL1bDq1zX tests"
    assert push(InstanceId=instance, InstanceOSUser="support", SSHPublicKey=key)["Success"]
    assert code(push, InstanceId=instance, InstanceOSUser="root", SSHPublicKey=key) == "AccessDeniedException"
    root = client("ec2-instance-connect").send_ssh_public_key
    assert (
        code(root, InstanceId="i-00000000", InstanceOSUser="support", SSHPublicKey=key)
        == "EC2InstanceNotFoundException"
    )
    assert code(root, InstanceId=instance, InstanceOSUser="support", SSHPublicKey="x" * 90) == "InvalidArgsException"
