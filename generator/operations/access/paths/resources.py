"""The stack's own resources, by which what is the stack's is told from what somebody else made."""

from __future__ import annotations

from collections.abc import Mapping

from generator.gateway.aws import Gateway
from generator.model.contract import Resource
from generator.model.reading import Reading
from generator.operations.access.readings import read
from generator.operations.access.stack_access import StackAccess


def stack_resources(gateway: Gateway, access: StackAccess) -> Reading[Mapping[str, str]]:
    """The physical ID of each resource by its logical ID (one call)."""
    stack_id = access.stack.stack_id
    return read(
        "cloudformation:ListStackResources",
        lambda: {r.logical_id: r.physical_id for r in gateway.cloudformation.list_stack_resources(stack_id)},
    )


def session_policy_of(resources: Reading[Mapping[str, str]]) -> Reading[str]:
    """ARN of the stack's managed policy, the boundary of user and role; empty where its template has none."""
    if resources.value is None:
        return resources.unanswered()
    return Reading(resources.asked, resources.at, resources.value.get(Resource.SUPPORT_SESSION_POLICY, ""))


def session_policy(gateway: Gateway, access: StackAccess) -> Reading[str]:
    """The same, asked (one call)."""
    return session_policy_of(stack_resources(gateway, access))
