"""The shapes of MiniStack's CloudFormation tables, and how a resource type is put into them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]  # a resource's properties after its intrinsics are resolved: JSON
Created = tuple[str, dict[str, Any]]  # physical id, attributes for Fn::GetAtt
Create = Callable[[str, Properties, str], Created]  # logical id, properties, stack name
Update = Callable[[str, Properties, Properties, str, str], Created]  # physical id, old, new, stack name, logical id
Delete = Callable[[str, Properties], None]  # physical id, properties


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
    """Serve a type. `replacing`: the createOnly properties of its schema; `tags`: its Tags take the stack's too."""
    provisioners._RESOURCE_HANDLERS[resource_type] = {
        "create": create,
        "update": update,
        "update_with_logical_id": True,
        "delete": delete,
    }
    provisioners._REPLACING_PROPERTIES[resource_type] = replacing
    if conditionally:
        provisioners._CONDITIONALLY_REPLACING_PROPERTIES[resource_type] = conditionally
    if tags:
        provisioners._STACK_TAG_PROPERTY[resource_type] = ("Tags", "list")


def handler(resource_type: str) -> dict[str, Any]:
    """MiniStack's own handlers of a type, to wrap."""
    found: dict[str, Any] = provisioners._RESOURCE_HANDLERS[resource_type]
    return found


def answered(response: tuple[int, dict[str, str], Any]) -> Any:
    """The body of a service handler's answer as JSON; ValueError with AWS's message when it is an error."""
    import json

    status, _, body = response
    payload = json.loads(body) if body else {}
    if status >= 400:
        raise ValueError(payload.get("message") or payload.get("Message") or str(payload))
    return payload
