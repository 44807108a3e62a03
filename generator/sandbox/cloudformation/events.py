"""DescribeEvents tells a stack's events, each with the operation it belongs to.

AWS answers every event (STACK_EVENT) and, asked for failed ones, those that name a cause (PROVISIONING_ERROR).
MiniStack answers only what its validation refused: a failed stack would look as if nothing had failed.
"""

from __future__ import annotations

import uuid
from typing import Any

from ministack.services.cloudformation import _stack_events, handlers

from generator.sandbox.cloudformation.operations import STACK

Event = dict[str, Any]
_describe_events = handlers._describe_events


def install() -> None:
    """Take over DescribeEvents for a named stack."""
    handlers._ACTION_HANDLERS["DescribeEvents"] = handlers._describe_events = describe_events


def describe_events(params: dict[str, Any]) -> Any:
    """The events of a stack, the newest first; `Filters.FailedEvents` and `OperationId` choose among them."""
    stack = handlers._resolve_stack(handlers._p(params, "StackName")) if handlers._p(params, "StackName") else None
    if stack is None:
        return _describe_events(params)
    told = [*_with_operations(_stack_events.get(stack["StackId"], [])), *stack.get("_operation_events", [])][::-1]
    if operation := handlers._p(params, "OperationId"):
        told = [event for event in told if event["OperationId"] == operation]
    if handlers._p(params, "Filters.FailedEvents", "false").lower() == "true":
        told = [event for event in told if event["EventType"] != "STACK_EVENT"]
    page, token, error = handlers._page(told, params, "DescribeEvents")
    if error:
        return error
    members = "".join(f"<member>{_fields(event)}</member>" for event in page)
    body = f"<DescribeEventsResult><OperationEvents>{members}</OperationEvents>{token}</DescribeEventsResult>"
    return handlers._xml(200, "DescribeEventsResponse", body)


def _with_operations(events: list[Event]) -> list[Event]:
    """Give each event the operation that the stack's last *_IN_PROGRESS before it began."""
    told, operation, kind = [], "", ""
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
        told.append({**event, **kinds, "OperationId": operation})
    return told


def _fields(event: Event) -> str:
    return "".join(
        f"<{name}>{handlers._esc(str(event[name]))}</{name}>"
        for name in handlers._OPERATION_EVENT_FIELDS
        if event.get(name)
    )
