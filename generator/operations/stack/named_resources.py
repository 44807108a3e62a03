"""The resources that a request names by their logical IDs: a mistyped one would permit or skip nothing, in silence."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from generator.errors import UsageError
from generator.gateway.aws import Gateway
from generator.model.contract import Resource
from generator.model.stack import Stack


def require_known(gateway: Gateway, stack: Stack | None, names: Collection[str], option: str) -> None:
    """Raise UsageError for a name that neither this program's template nor the stack has.

    One call, and only for a name that the template does not have: somebody may have added the resource.
    """
    unknown = sorted(set(names) - set(Resource))
    if not unknown:
        return
    own = {each.logical_id for each in gateway.cloudformation.list_stack_resources(stack.stack_id)} if stack else set()
    for name in unknown:
        if name not in own:
            near = difflib.get_close_matches(name, sorted({*own, *Resource}), n=1, cutoff=0.5)
            see = f"See the names with: {gateway.commands.deployer('status', '--all')}"
            hint = f"Did you mean {option} {near[0]}?" if near else see
            raise UsageError(
                f"{option} names {name}, and the stack has no such resource.", hint, code="unknown-resource"
            )
