"""The table of resource types: how a type is added to it, and which property changes replace a resource."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]  # a resource's properties after its intrinsics are resolved: JSON
Created = tuple[str, dict[str, Any]]  # physical id, attributes for Fn::GetAtt
Create = Callable[[str, Properties, str], Created]  # logical id, properties, stack name
Update = Callable[[str, Properties, Properties, str, str], Created]  # physical id, old, new, stack name, logical id
Delete = Callable[[str, Properties], None]  # physical id, properties


CREATE_ONLY = {
    "AWS::KMS::Key": (),
    "AWS::KMS::Alias": ("AliasName",),
    "AWS::Logs::LogGroup": ("LogGroupName",),
    "AWS::IAM::Policy": (),
    "AWS::EC2::SecurityGroup": ("GroupDescription", "GroupName", "VpcId"),
}
"""The createOnlyProperties of types for which MiniStack has none: without them each change is called Conditional."""


def install() -> None:
    """Complete the table of the properties that replace a resource."""
    for resource_type, properties in CREATE_ONLY.items():
        replaces(resource_type, properties)


def register(
    resource_type: str,
    create: Create,
    update: Update,
    delete: Delete,
    *,
    replacing: tuple[str, ...] = (),
    conditionally: tuple[str, ...] = (),
    tags: bool = False,
) -> None:
    """Add a type. `replacing`: the createOnly properties of its schema; `tags`: its Tags get the stack's too."""
    provisioners._RESOURCE_HANDLERS[resource_type] = {
        "create": create,
        "update": update,
        "update_with_logical_id": True,
        "delete": delete,
    }
    replaces(resource_type, replacing)
    if conditionally:
        provisioners._CONDITIONALLY_REPLACING_PROPERTIES[resource_type] = conditionally
    if tags:
        provisioners._STACK_TAG_PROPERTY[resource_type] = ("Tags", "list")


def replaces(resource_type: str, properties: tuple[str, ...]) -> None:
    """Set which properties replace a resource when they change: the createOnly ones of its schema."""
    provisioners._REPLACING_PROPERTIES[resource_type] = properties


def handler(resource_type: str) -> dict[str, Any]:
    """MiniStack's handlers of a type: a live dict, whose entries can be replaced."""
    handlers: dict[str, Any] = provisioners._RESOURCE_HANDLERS[resource_type]
    return handlers
