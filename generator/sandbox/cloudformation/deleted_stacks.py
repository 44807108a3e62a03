"""Stacks that were deleted: AWS shows what they had by their ID alone, MiniStack by their name too, and empty."""

from __future__ import annotations

from ministack.services import cloudformation
from ministack.services.cloudformation import _stacks

from generator.sandbox.service_api import Answer, Params, Proceed, serve, xml_error

BY_ID_ALONE = ("GetTemplate", "ListStackResources", "DescribeStackResources")
"""Their API references: "For deleted stacks: You must specify the unique stack ID"."""


def install() -> None:
    """Refuse the name of a deleted stack."""
    serve(cloudformation, dict.fromkeys(BY_ID_ALONE, refuse_name))


def refuse_name(params: Params, proceed: Proceed) -> Answer:
    """The answer of the operation, or AWS's error for a stack that is not there any more by that name."""
    name = str(params.get("StackName", ""))
    stack = _stacks.get(name)
    if stack is None or stack.get("StackStatus") != "DELETE_COMPLETE":
        return proceed()
    return xml_error("cloudformation", "ValidationError", f"Stack with id {name} does not exist")
