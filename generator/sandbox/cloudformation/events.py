"""DescribeEvents: the events of a stack, each with the operation it belongs to.

AWS returns every event (STACK_EVENT) and, for failed ones, those that name a cause (PROVISIONING_ERROR). MiniStack
returns only what its validation refused, so that a failed stack would look as if nothing had failed.
"""

from __future__ import annotations

import uuid
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import cloudformation
from ministack.services.cloudformation import _stack_events, _stacks

from generator.sandbox.cloudformation.operations import STACK
from generator.sandbox.service_api import Answer, Params, Proceed, serve, xml_answer, xml_error

Event = dict[str, Any]
PAGE, TOKEN = 100, "DescribeEvents:"
FIELDS = (
    "EventId", "StackId", "OperationId", "OperationType", "OperationStatus", "EventType", "LogicalResourceId",
    "PhysicalResourceId", "ResourceType", "Timestamp", "ResourceStatus", "ResourceStatusReason", "DetailedStatus",
    "ValidationFailureMode", "ValidationName", "ValidationStatus", "ValidationStatusReason", "ValidationPath",
)  # fmt: skip
"""The members of an OperationEvent (CloudFormation API reference)."""


def install() -> None:
    """Serve DescribeEvents for a named stack."""
    serve(cloudformation, {"DescribeEvents": describe_events})


def describe_events(params: Params, proceed: Proceed) -> Answer:
    """DescribeEvents: a stack's events, newest first, filtered by `Filters.FailedEvents` and `OperationId`."""
    name = params.get("StackName", "")
    stack = _stacks.get(name) or next((each for each in _stacks.values() if each["StackId"] == name), None)
    if stack is None:
        return proceed()
    events = [*_with_operations(_stack_events.get(stack["StackId"], [])), *stack.get("_operation_events", [])][::-1]
    if operation := params.get("OperationId"):
        events = [event for event in events if event["OperationId"] == operation]
    if str(params.get("Filters.FailedEvents", "")).lower() == "true":
        events = [event for event in events if event["EventType"] != "STACK_EVENT"]
    position = str(params.get("NextToken") or f"{TOKEN}0")
    if not position.startswith(TOKEN) or not position.removeprefix(TOKEN).isdigit():
        return xml_error("cloudformation", "ValidationError", "Invalid NextToken")
    start = int(position.removeprefix(TOKEN))
    members = "".join(f"<member>{_fields(event)}</member>" for event in events[start : start + PAGE])
    token = f"<NextToken>{TOKEN}{start + PAGE}</NextToken>" if start + PAGE < len(events) else ""
    inner = f"<DescribeEventsResult><OperationEvents>{members}</OperationEvents>{token}</DescribeEventsResult>"
    return xml_answer("cloudformation", "DescribeEvents", inner)


def _with_operations(events: list[Event]) -> list[Event]:
    """Add to each event its operation, which the stack's last *_IN_PROGRESS event before it started."""
    assigned, operation, kind = [], "", ""
    for event in events:
        status = event["ResourceStatus"]
        begins = event["ResourceType"] == STACK and status in (
            "CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS",
        )  # fmt: skip
        if begins or not operation:
            operation = str(uuid.uuid5(uuid.NAMESPACE_OID, event["EventId"]))
            kind = f"{status.partition('_')[0]}_STACK"
        failed = status.endswith("_FAILED")
        kinds = {"EventType": "PROVISIONING_ERROR" if failed else "STACK_EVENT", "OperationType": kind}
        assigned.append({**event, **kinds, "OperationId": operation})
    return assigned


def _fields(event: Event) -> str:
    return "".join(f"<{name}>{escape(str(event[name]))}</{name}>" for name in FIELDS if event.get(name))
