"""A stack's service role and notification topics, which MiniStack neither keeps nor shows. Tags it keeps itself."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from ministack.services import cloudformation, iam
from ministack.services.cloudformation import _change_sets, _stacks

from generator.sandbox.service_api import NAMESPACES, Answer, Params, Proceed, members, serve, xml_error

NAMESPACE = NAMESPACES["cloudformation"]
CLOUDFORMATION = "cloudformation.amazonaws.com"
ROLE, TOPICS = "_role_arn", "_notification_arns"

REFUSED = "is in UPDATE_FAILED state: roll it back, or update it with DisableRollback."


def install() -> None:
    """Keep them from the change set to the stack, and show them."""
    served = {"CreateChangeSet": create, "ExecuteChangeSet": execute, "DeleteStack": delete, "DescribeStacks": describe}
    serve(cloudformation, served)


def create(params: Params, proceed: Proceed) -> Answer:
    """CreateChangeSet: what is omitted stays as the stack has it (API reference)."""
    if refused := _unusable(str(params.get("RoleARN", ""))):
        return refused
    status, headers, body = proceed()
    if status == 200:
        change_set = _change_sets[_root(body).findtext(f".//{_tag('Id')}")]
        if role := params.get("RoleARN"):
            change_set[ROLE] = str(role)
        if topics := members(params, "NotificationARNs.member"):
            change_set[TOPICS] = topics
    return status, headers, body


def execute(params: Params, proceed: Proceed) -> Answer:
    """ExecuteChangeSet: the stack gets what its change set was given.

    After an update that failed and was not rolled back, only another such update is taken (user guide, "Choose how to
    handle failures when provisioning resources"); the text of the refusal is this sandbox's own.
    """
    change_set: dict[str, Any] = _change_sets.get(str(params.get("ChangeSetName", ""))) or {}
    before: dict[str, Any] = _stacks.get(change_set.get("StackName")) or {}
    if before.get("StackStatus") == "UPDATE_FAILED" and str(params.get("DisableRollback", "")).lower() != "true":
        return xml_error("cloudformation", "ValidationError", f"The stack {before['StackName']} {REFUSED}")
    answer = proceed()
    stack = _stacks.get(change_set.get("StackName"))
    if answer[0] == 200 and stack is not None:
        stack.update({key: change_set[key] for key in (ROLE, TOPICS) if key in change_set})
    return answer


def delete(params: Params, proceed: Proceed) -> Answer:
    """DeleteStack: by the role that it names, else by the stack's own (API reference, DeleteStack.RoleARN)."""
    name = str(params.get("StackName", ""))
    stack: dict[str, Any] = next((s for key, s in _stacks.items() if name in (key, s.get("StackId"))), {})
    role = str(params.get("RoleARN", "")) or str(stack.get(ROLE, ""))
    if refused := _unusable(role):
        return refused
    if role:
        stack[ROLE] = role
    return proceed()


def _unusable(role: str) -> Answer | None:
    """The refusal of a service role that is not there, or does not trust CloudFormation; None for one that can be used.

    AWS's own words (CloudFormation user guide, "Service role", and public reports).
    """
    record = iam._roles.get(role.rpartition("/")[2]) if role else None
    if not role or (record and CLOUDFORMATION in str(record.get("AssumeRolePolicyDocument", ""))):
        return None
    return xml_error("cloudformation", "ValidationError", f"Role {role} is invalid or cannot be assumed")


def describe(params: Params, proceed: Proceed) -> Answer:
    """DescribeStacks, with RoleARN and NotificationARNs."""
    status, headers, body = proceed()
    if status != 200:
        return status, headers, body
    ET.register_namespace("", NAMESPACE)
    root = _root(body)
    for member in root.findall(f".//{_tag('Stacks')}/{_tag('member')}"):
        _add(member, _stacks.get(member.findtext(_tag("StackName"))) or {})
    return status, headers, ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _add(member: ET.Element, stack: dict[str, Any]) -> None:
    if stack.get("StackId") != member.findtext(_tag("StackId")):
        return
    if role := stack.get(ROLE):
        ET.SubElement(member, _tag("RoleARN")).text = role
    topics = ET.SubElement(member, _tag("NotificationARNs"))
    for arn in stack.get(TOPICS, ()):
        ET.SubElement(topics, _tag("member")).text = arn


def _root(body: Any) -> ET.Element:
    return ET.fromstring(body)  # noqa: S314 - written by MiniStack in this process


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
