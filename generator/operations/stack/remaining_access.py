"""What still lets support in after a flip removes its user or role, by the same paths as a revocation asks about.

The access of the grant that stays is a note (`support_grant`); here is what no grant opened and no update closes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from generator.gateway.aws import Gateway
from generator.model.access_path import OtherPaths
from generator.model.contract import Output, Parameter
from generator.model.grant import Grant
from generator.model.stack import Stack
from generator.model.up import UpPlan, UpRequest
from generator.operations.access.paths import besides
from generator.operations.access.paths.resources import stack_resources
from generator.operations.access.stack_access import StackAccess, access_of

REMOVED: dict[str, frozenset[str]] = {
    Parameter.CREATE_SUPPORT_USER: frozenset({Output.SUPPORT_USER_NAME, Output.SUPPORT_SECRET_ARN}),
    Parameter.CREATE_SUPPORT_ROLE: frozenset({Output.SUPPORT_ROLE_ARN, Output.SUPPORT_ROLE_EXTERNAL_ID}),
}
"""The outputs that go with what a flip to No removes."""


def find(gateway: Gateway, plan: UpPlan, request: UpRequest, now: datetime) -> OtherPaths | None:
    """What lets in whom the grant named, or the user or role that stays; None where the request closes neither.

    Never raises for what AWS answers.
    """
    stack = plan.stack_before or plan.stack
    if stack is None or plan.creates or not any(request.given.get(flip) == "No" for flip in REMOVED):
        return None
    access = _afterwards(stack, request)
    seen = besides.look(gateway, access, stack_resources(gateway, access), boundaries=True)
    return besides.besides(seen, access, Grant.of(stack.parameters).principals, now)


def _afterwards(stack: Stack, request: UpRequest) -> StackAccess:
    """The stack as a record of access without what the flips remove: nothing of that is asked about."""
    gone = frozenset[str]().union(*(REMOVED[flip] for flip in REMOVED if request.given.get(flip) == "No"))
    outputs = {name: value for name, value in stack.outputs.items() if name not in gone}
    return access_of(replace(stack, outputs=outputs, parameters={**stack.parameters, **request.given}))
