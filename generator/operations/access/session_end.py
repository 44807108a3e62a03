"""When the sessions that support has open end, in words for both sides.

The end of a grant is a condition in the policies and refuses what is new. What is open then the stack's rule ends; it
is there only while a grant has an end (docs/decisions/0034-sessions-end-with-access.md), and ends nobody else's.
"""

from __future__ import annotations

from generator.gateway.aws import Gateway
from generator.model.contract import Parameter, Resource
from generator.model.grant import Grant
from generator.operations.access.paths.resources import stack_resources
from generator.operations.access.stack_access import StackAccess

BY_THE_RULE = "the stack ends them within two minutes of the end"
NEVER = "no end: they go on until access is paused or revoked"
NO_RULE = "they go on after the end until access is revoked: this stack's template has no rule that ends them"
UNKNOWN = "not known whether the stack ends them, as its resources could not be listed"


def session_end(gateway: Gateway, access: StackAccess) -> str:
    """When support's open sessions end on this stack (one call, if the grant has an end). Never raises."""
    limit = f"; {lasts}" if (lasts := shell_limit(access)) else ""
    if access.grant.until is None:
        return NEVER + limit
    resources = stack_resources(gateway, access).value
    return in_words(access.grant, None if resources is None else Resource.ACCESS_END_RULE in resources) + limit


def shell_limit(access: StackAccess) -> str:
    """How long a shell of support lasts on this stack, in words; "" for a stack of an older template. Pure."""
    minutes = access.stack.parameters.get(Parameter.SUPPORT_SESSION_MINUTES, "")
    return f"a shell lasts {minutes} minutes at most" if minutes else ""


def in_words(grant: Grant, rule: bool | None) -> str:
    """The same for a grant, by whether the stack has the rule (None: not known). Pure."""
    if grant.until is None:
        return NEVER
    return {True: BY_THE_RULE, False: NO_RULE, None: UNKNOWN}[rule]
