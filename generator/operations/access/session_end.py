"""When the sessions that support has open end, in words for both sides.

The end of a grant is a condition in the policies and refuses what is new. What is open then the stack's rule ends; it
is there only while a grant has an end (docs/decisions/0034-sessions-end-with-access.md), and ends nobody else's.
"""

from __future__ import annotations

from typing import Any

from generator.gateway.aws import Gateway
from generator.model.contract import Parameter, Resource
from generator.model.reading import Reading
from generator.operations.access.paths.resources import stack_resources
from generator.operations.access.readings import read
from generator.operations.access.stack_access import StackAccess

BY_THE_RULE = "the stack ends them within two minutes of the end"
NEVER = "no end: they go on until access is paused or revoked"
NO_RULE = "they go on after the end until access is revoked: this stack's template has no rule that ends them"
GONE = "they go on after the end until access is revoked: the stack's rule {} that ends them is disabled or deleted"
UNKNOWN = "not known whether the stack ends them: {}"


def session_end(gateway: Gateway, access: StackAccess) -> str:
    """When support's open sessions end on this stack (two calls, if the grant has an end). Never raises."""
    limit = f"; {lasts}" if (lasts := shell_limit(access)) else ""
    if access.grant.until is None:
        return NEVER + limit
    return _by_the_rule(gateway, access) + limit


def _by_the_rule(gateway: Gateway, access: StackAccess) -> str:
    """What the stack's rule does at the end, as EventBridge has it now: a person may have disabled it."""
    resources = stack_resources(gateway, access)
    if resources.value is None:
        return UNKNOWN.format(_why(resources))
    if not (rule := resources.value.get(Resource.ACCESS_END_RULE, "")):
        return NO_RULE
    enabled = read("events:DescribeRule", lambda: gateway.events.is_enabled(rule))
    if enabled.value is None and not enabled.gone:
        return UNKNOWN.format(_why(enabled))
    return BY_THE_RULE if enabled.value else GONE.format(rule)


def _why(reading: Reading[Any]) -> str:
    return f"this needs {reading.permission}" if reading.permission else reading.detail


def shell_limit(access: StackAccess) -> str:
    """How long a shell of support lasts on this stack, in words; "" for a stack of an older template. Pure."""
    minutes = access.stack.parameters.get(Parameter.SUPPORT_SESSION_MINUTES, "")
    return f"a shell lasts {minutes} minutes at most" if minutes else ""
