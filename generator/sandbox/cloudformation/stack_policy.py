"""Stack policies, validated when they are set and enforced while an update runs.

AWS (protect-stack-resources): a policy denies what it does not allow, an explicit Deny wins, and a denied action makes
the update fail and roll back. It binds updates only, not creating, deleting or rolling back a stack. MiniStack stores
any JSON and enforces nothing.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import _stacks

from generator.sandbox.service_api import Answer, Params, Proceed, serve, xml_error

ACTIONS = frozenset({"Update:Modify", "Update:Replace", "Update:Delete", "Update:*"})
PREFIX = "LogicalResourceId/"
Statement = dict[str, Any]


class Denied(ValueError):
    """The stack policy does not allow an action; the text is the reason of the failed resource's event."""


def install() -> None:
    """Validate what is set."""
    serve(cloudformation, {"SetStackPolicy": set_policy})


def set_policy(params: Params, proceed: Proceed) -> Answer:
    """SetStackPolicy; AWS's error for a policy that AWS would not take."""
    name, body = params.get("StackName", ""), params.get("StackPolicyBody", "")
    stack = next((s for s in _stacks.all_values() if name in (s["StackName"], s["StackId"])), None)
    problem = _problem(body, set((stack or {}).get("_template", {}).get("Resources", {}))) if body and stack else ""
    text = f"Error validating stack policy: {problem}"
    return xml_error("cloudformation", "ValidationError", text) if problem else proceed()


def _problem(body: str, logical_ids: set[str]) -> str:
    """What is wrong with a policy, "" if nothing."""
    try:
        statements = json.loads(body)["Statement"]
        return next(filter(None, (_problem_of(statement, logical_ids) for statement in statements)), "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return "Invalid stack policy"


def _problem_of(statement: Statement, logical_ids: set[str]) -> str:
    actions = _listed(statement.get("Action", statement.get("NotAction", [])))
    if statement.get("Effect") not in ("Allow", "Deny") or not actions or statement.get("Principal") != "*":
        return "Invalid stack policy"
    if unknown := set(actions) - ACTIONS:
        return f"Invalid action {min(unknown)}"
    for pattern in _listed(statement.get("Resource", statement.get("NotResource", []))):
        name = pattern.removeprefix(PREFIX)
        if pattern != "*" and not any(fnmatchcase(known, name) for known in logical_ids):
            return f"Unknown logical id '{name}' in statement {{}}"
    return ""


def require(stack: dict[str, Any], action: str, logical_id: str, resource_type: str) -> None:
    """Raise Denied unless the stack's policy allows the action on this resource; a stack without one allows all."""
    body = stack.get("_stack_policy")
    if not body:
        return
    matching = [
        (number, statement["Effect"])
        for number, statement in enumerate(json.loads(body)["Statement"], 1)
        if _matches(statement, action, logical_id, resource_type)
    ]
    denying = next((number for number, effect in matching if effect == "Deny"), 0)
    if denying or not matching:
        which = f"Statement [#{denying}] does not allow" if denying else "no statement allows"
        raise Denied(f"Action denied by stack policy: {which} [{action}] for resource [{PREFIX}{logical_id}]")


def _matches(statement: Statement, action: str, logical_id: str, resource_type: str) -> bool:
    named = any(fnmatchcase(action, pattern) for pattern in _listed(statement.get("Action", [])))
    if "NotAction" in statement:
        named = not any(fnmatchcase(action, pattern) for pattern in _listed(statement["NotAction"]))
    inside = any(_covers(pattern, logical_id) for pattern in _listed(statement.get("Resource", [])))
    if "NotResource" in statement:
        inside = not any(_covers(pattern, logical_id) for pattern in _listed(statement["NotResource"]))
    return named and inside and _of_the_type(statement.get("Condition", {}), resource_type)


def _covers(pattern: str, logical_id: str) -> bool:
    return fnmatchcase(f"{PREFIX}{logical_id}", pattern)


def _of_the_type(condition: dict[str, Any], resource_type: str) -> bool:
    """Whether a condition on `ResourceType`, the only key there is, holds."""
    exact = _listed(condition.get("StringEquals", {}).get("ResourceType", resource_type))
    like = _listed(condition.get("StringLike", {}).get("ResourceType", "*"))
    return resource_type in exact and any(fnmatchcase(resource_type, pattern) for pattern in like)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
