"""Stack operations that take time, report only what they change, and remove resources in a cleanup phase.

AWS (view-stack-events, stack-status-codes): a resource that an update does not change has no event; one that it adds is
CREATE_*; a second IN_PROGRESS event carries the physical ID; removals run after the update, in
UPDATE_COMPLETE_CLEANUP_IN_PROGRESS, with DELETE_* events. MiniStack does everything within milliseconds, with UPDATE_*
for every resource and removals without status and events.
"""

from __future__ import annotations

import contextvars
import os
import time
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services.cloudformation import _stacks, engine, provisioners, stacks

from generator.sandbox import outside_changes
from generator.sandbox.cloudformation import handler_authorization, stack_policy
from generator.sandbox.cloudformation.resource_types import Created, Properties
from generator.sandbox.control import take_failure
from generator.sandbox.service_api import replace

STEP_VARIABLE = "DEPLOYER_SANDBOX_STEP"  # seconds that one resource takes; 0 in tests
SLOW = {"AWS::EC2::Instance": 6, "AWS::KMS::Key": 2}  # so many steps
CLEANUP = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
STACK = "AWS::CloudFormation::Stack"
SIGNALLED = "Received SUCCESS signal with UniqueId {} (sandbox: imitated, nothing runs on the instance)"

_template: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("template", default=None)
# By stack ID and logical ID: the UPDATE_IN_PROGRESS event that is withheld, the status and time that the resource had
# before the update, and whether the running update created or
# replaces it. By stack ID: logical ID, type and reason of a removal that the stack's policy denies.
_withheld: dict[tuple[str, str], tuple[Any, ...]] = {}
_before: dict[tuple[str, str], tuple[str, str]] = {}
_added: set[tuple[str, str]] = set()
_replaced: set[tuple[str, str]] = set()
_denied: dict[str, tuple[str, str, str]] = {}

_add_event = stacks._add_event
_provision = stacks._provision_resource
_update = stacks._update_resource
_delete = stacks._delete_resource
_deploy = stacks._deploy_stack_async
_roll_back = stacks._roll_back_operation


def install() -> None:
    """Replace the functions that run operations."""
    stacks._runs_on_worker_thread = lambda resource_type: True  # so that a step may take time
    stacks._provision_keeping_seed = _provision_under_a_new_name
    replace(_add_event, add_event)
    replace(_provision, provision)
    replace(_update, update)
    replace(_delete, delete)
    replace(_deploy, deploy)
    replace(_roll_back, roll_back)


def step(resource_type: str) -> None:
    """Sleep for the time that one resource takes."""
    time.sleep(float(os.environ.get(STEP_VARIABLE, "0.15")) * SLOW.get(resource_type, 1))


async def deploy(
    stack_name: str, stack_id: str, template: dict[str, Any], parameters: dict[str, Any], *rest: Any, **options: Any
) -> None:
    """Remember the template of the running operation: handlers see properties only, not CreationPolicy."""
    token = _template.set(template)
    if _status(stack_name) == "UPDATE_IN_PROGRESS":
        _check_removals(stack_name, stack_id, template, parameters)
    try:
        await _deploy(stack_name, stack_id, template, parameters, *rest, **options)
    finally:
        _template.reset(token)
    if _status(stack_name) == "UPDATE_COMPLETE":
        _let_go(_stacks[stack_name]["_resources"])


def _let_go(resources: dict[str, dict[str, Any]]) -> None:
    """What the cleanup of an update could not delete is no longer the stack's; a later update creates it anew.

    So on AWS, from memory. MiniStack keeps it, and takes it for unchanged when a template has it again.
    """
    for name in [name for name, resource in resources.items() if resource.get("ResourceStatus") == "DELETE_FAILED"]:
        del resources[name]


async def roll_back(
    stack_name: str, stack_id: str, stack: dict[str, Any], operation: dict[str, Any], reason_override: str = ""
) -> None:
    """MiniStack's rollback, which also restores the conditions.

    MiniStack leaves those of the failed update; the next removal would then ignore the order, a user before its key.
    """
    await _roll_back(stack_name, stack_id, stack, operation, reason_override)
    if stack.get("_template"):
        stack["_conditions"] = engine._evaluate_conditions(stack["_template"], stack["_resolved_params"])


def add_event(
    stack_id: str,
    stack_name: str,
    logical_id: str,
    resource_type: str,
    status: str,
    reason: str = "",
    physical_id: str = "",
    detailed_status: str = "",
) -> None:
    """Record an event as AWS does; UPDATE_IN_PROGRESS is withheld until the resource turns out to be changed."""
    key, event = (stack_id, logical_id), (stack_id, stack_name, logical_id, resource_type)
    if resource_type == STACK and logical_id == stack_name:
        if status == "UPDATE_COMPLETE" and _stacks[stack_name].pop("_cleaning", None) is None:
            _add_event(*event, CLEANUP, "", stack_id)
        started = status in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")
        _add_event(*event, status, reason or ("User Initiated" if started else ""), physical_id, detailed_status)
        return
    if status == "UPDATE_IN_PROGRESS" and not reason and _status(stack_name) == "UPDATE_IN_PROGRESS":
        _refuse_denied_removal(stack_id, stack_name)
        _withhold(key, stack_name, event)
        return
    if status == "UPDATE_COMPLETE" and _close(key, stack_name, event, physical_id):
        return
    if status == "DELETE_SKIPPED":
        _enter_cleanup(stack_id, stack_name)
    if status == "UPDATE_IN_PROGRESS" and reason.startswith("Requested update requires the creation"):
        _replaced.add(key)
    if status in ("UPDATE_FAILED", "UPDATE_IN_PROGRESS"):
        withheld, added = _withheld.pop(key, None), key in _added
        if withheld and status == "UPDATE_FAILED":
            _add_event(*withheld)
        status = "CREATE_FAILED" if added and status == "UPDATE_FAILED" else status
    _add_event(*event, status, reason, physical_id, detailed_status)


def provision(resource_type: str, logical_id: str, props: Properties, stack_name: str) -> Created:
    """Create a resource, unless a failure is planned, and report its physical ID in a second event."""
    stack = _stacks[stack_name]
    key, event = (stack["StackId"], logical_id), (stack["StackId"], stack_name, logical_id, resource_type)
    if _withheld.pop(key, None):
        _added.add(key)
        _add_event(*event, "CREATE_IN_PROGRESS")
    handler_authorization.require("create", resource_type, logical_id, "", props, stack_name)
    _fail_if_planned(stack_name, logical_id, "create")
    physical_id, attributes = _provision(resource_type, logical_id, props, stack_name)
    _add_event(*event, "CREATE_IN_PROGRESS", "Resource creation Initiated", physical_id)
    step(resource_type)
    if ((_template.get() or {}).get("Resources", {}).get(logical_id) or {}).get("CreationPolicy"):
        _add_event(*event, "CREATE_IN_PROGRESS", SIGNALLED.format(physical_id), physical_id)
    return physical_id, attributes


def update(
    resource_type: str,
    physical_id: str,
    old: Properties,
    new: Properties,
    stack_name: str,
    logical_id: str,
    attributes: dict[str, Any] | None = None,
) -> Created:
    """Update a resource whose properties differ, unless a failure is planned; others stay, without an event."""
    if old == new:
        return physical_id, attributes or {}
    key = (_stacks[stack_name]["StackId"], logical_id)
    if withheld := _withheld.pop(key, None):
        _add_event(*withheld[:6], physical_id)
    rolling_back = "ROLLBACK" in _status(stack_name)
    if not rolling_back:
        action = "Update:Replace" if key in _replaced else "Update:Modify"
        stack_policy.require(_stacks[stack_name], action, logical_id, resource_type)
    handler_authorization.require("update", resource_type, logical_id, physical_id, new, stack_name)
    _fail_if_planned(stack_name, logical_id, "rollback" if rolling_back else "update")
    if key not in _replaced:
        outside_changes.require(resource_type, physical_id)
    step(resource_type)
    changed: Created = _update(resource_type, physical_id, old, new, stack_name, logical_id, attributes)
    return changed


def delete(resource_type: str, physical_id: str, props: Properties, stack_name: str, logical_id: str) -> None:
    """Delete a resource, unless a failure is planned; after an update with the events of the cleanup phase."""
    stack = _stacks[stack_name]
    event = (stack["StackId"], stack_name, logical_id, resource_type)
    cleaning = _enter_cleanup(stack["StackId"], stack_name)
    if cleaning:
        _add_event(*event, "DELETE_IN_PROGRESS", "", physical_id)
    handler_authorization.require("delete", resource_type, logical_id, physical_id, props, stack_name)
    _fail_if_planned(stack_name, logical_id, "delete")
    step(resource_type)
    _delete(resource_type, physical_id, props, stack_name, logical_id)
    if cleaning:
        _add_event(*event, "DELETE_COMPLETE", "", physical_id)


def _check_removals(stack_name: str, stack_id: str, template: dict[str, Any], parameters: dict[str, Any]) -> None:
    """Ask the stack's policy about what an update will remove, before it begins."""
    conditions = engine._evaluate_conditions(template, parameters)
    remaining = {
        name for name, body in template.get("Resources", {}).items() if conditions.get(body.get("Condition"), True)
    }
    for logical_id, resource in _stacks[stack_name].get("_resources", {}).items():
        if logical_id in remaining:
            continue
        try:
            stack_policy.require(_stacks[stack_name], "Update:Delete", logical_id, resource["ResourceType"])
        except stack_policy.Denied as error:
            _denied[stack_id] = (logical_id, resource["ResourceType"], str(error))


def _refuse_denied_removal(stack_id: str, stack_name: str) -> None:
    """Fail the update over a removal that the stack's policy denies; what is under way is cancelled."""
    if stack_id in _denied:
        logical_id, resource_type, reason = _denied.pop(stack_id)
        _add_event(stack_id, stack_name, logical_id, resource_type, "UPDATE_FAILED", reason)
        raise stack_policy.Denied("Resource update cancelled")


def _provision_under_a_new_name(*args: Any) -> tuple[Created, str]:
    """Provision under a new random suffix, as AWS does; MiniStack uses the same one again after a removal."""
    token = provisioners._NAME_SEED.set(new_uuid()[:8])
    try:
        return provision(*args), provisioners._NAME_SEED.get()
    finally:
        provisioners._NAME_SEED.reset(token)


def _enter_cleanup(stack_id: str, stack_name: str) -> bool:
    """Whether the stack is in the cleanup phase of an update, entering it from UPDATE_IN_PROGRESS."""
    stack = _stacks[stack_name]
    if stack["StackStatus"] == "UPDATE_IN_PROGRESS":
        stack["StackStatus"], stack["_cleaning"] = CLEANUP, True
        _add_event(stack_id, stack_name, stack_name, STACK, CLEANUP, "", stack_id)
    return bool(stack["StackStatus"] == CLEANUP)


def _withhold(key: tuple[str, str], stack_name: str, event: tuple[str, ...]) -> None:
    _withheld[key] = (*event, "UPDATE_IN_PROGRESS", "", "")
    _added.discard(key)
    _replaced.discard(key)
    resource = _stacks[stack_name].get("_resources", {}).get(key[1], {})
    _before[key] = (resource.get("ResourceStatus", ""), resource.get("Timestamp", ""))


def _close(key: tuple[str, str], stack_name: str, event: tuple[str, ...], physical_id: str) -> bool:
    """Finish a resource's update: no event if it is unchanged, CREATE_COMPLETE if it is new; whether it was either."""
    resource = _stacks[stack_name].get("_resources", {}).get(key[1], {})
    if _withheld.pop(key, None):
        resource["ResourceStatus"], resource["Timestamp"] = _before.pop(key)
        return True
    if key in _added:
        _added.discard(key)
        resource["ResourceStatus"] = "CREATE_COMPLETE"
        _add_event(*event, "CREATE_COMPLETE", "", physical_id)
        return True
    return False


def _status(stack_name: str) -> str:
    return str((_stacks.get(stack_name) or {}).get("StackStatus", ""))


def _fail_if_planned(stack_name: str, logical_id: str, action: str) -> None:
    if reason := take_failure(stack_name, logical_id, action):
        raise ValueError(reason)
