"""PermissionsBoundary of AWS::IAM::Role, which MiniStack's CloudFormation leaves out; its API has boundaries of roles.

As on AWS an update sets the property only where the template's value changed.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ministack.services import iam

from generator.sandbox.cloudformation.resource_types import Created, Properties, handler
from generator.sandbox.service_api import call

TYPE = "AWS::IAM::Role"
PROPERTY = "PermissionsBoundary"


def install() -> None:
    """Wrap MiniStack's handlers of the type."""
    handlers = handler(TYPE)
    handlers["create"] = partial(create, handlers["create"])
    handlers["update"] = partial(update, handlers["update"])


def create(original: Any, logical_id: str, props: Properties, stack: str) -> Created:
    """Create the role, then set its boundary. ValueError: no such policy."""
    created: Created = original(logical_id, props, stack)
    _set(created[0], {}, props)
    return created


def update(
    original: Any, physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None
) -> Created:
    """Update the role, then its boundary; a role that was replaced gets it anew."""
    updated: Created = original(physical_id, old, new, stack, logical_id)
    _set(updated[0], old if updated[0] == physical_id else {}, new)
    return updated


def _set(role: str, old: Properties, new: Properties) -> None:
    boundary = new.get(PROPERTY)
    if boundary == old.get(PROPERTY):
        return
    if boundary:
        call(iam, "PutRolePermissionsBoundary", {"RoleName": role, PROPERTY: boundary})
    else:
        call(iam, "DeleteRolePermissionsBoundary", {"RoleName": role})
