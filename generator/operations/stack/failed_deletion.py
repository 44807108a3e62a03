"""A deletion that failed because the function of a custom resource is gone: how a person finishes it.

Asked only where a deletion has failed. Nothing can remove a custom resource without its function, so CloudFormation is
told to leave it out; what the keeper would have done for it is left to a person: delete the support user's keys, with
which IAM keeps the user.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.model.contract import Resource
from generator.model.down import DownPlan
from generator.model.stack import StackResource

FUNCTION = re.compile(r"arn:[\w-]+:lambda:[\w-]+:\d{12}:function:(?P<name>[\w-]+)")


def finishing_commands(gateway: Gateway, plan: DownPlan) -> str:
    """The commands that finish the deletion; "" for another reason, or if AWS does not say. Never raises."""
    try:
        resources = gateway.cloudformation.list_stack_resources(plan.stack_id)
        return "\n".join(_steps(gateway, plan, [each for each in resources if each.status == "DELETE_FAILED"]))
    except DeployerError:
        return ""


def _steps(gateway: Gateway, plan: DownPlan, failed: list[StackResource]) -> Iterator[str]:
    orphans = [each.logical_id for each in failed if _lost_its_function(gateway, plan, each)]
    keys = (
        list(_keys(gateway, plan)) if orphans or Resource.SUPPORT_USER in {each.logical_id for each in failed} else []
    )
    if not (orphans or keys):
        return
    yield from (f"Delete the support user's key: {command}" for command in keys)
    words = [word for name in sorted(orphans) for word in ("--retain", name)]
    again = gateway.commands.for_stack(plan.stack_name).deployer("down", *words)
    if orphans:
        those = "that one" if len(orphans) == 1 else "those"
        whose = f"The function of {' and '.join(sorted(orphans))} is deleted, so that nothing can delete {those}"
        yield f"{whose}. Leave {those} out with: {again}"
    else:
        yield f"Then delete the stack again: {again}"


def _lost_its_function(gateway: Gateway, plan: DownPlan, resource: StackResource) -> bool:
    """Whether it is a custom resource whose function does not exist: the one that its failure names, or the keeper."""
    if not resource.resource_type.startswith("Custom::"):
        return False
    named = FUNCTION.search(resource.status_reason)
    own = next((each.physical_id for each in plan.lost if each.logical_id == Resource.KEEPER_FUNCTION), "")
    name = named["name"] if named else own
    return not name or not gateway.lambda_functions.function_exists(name)


def _keys(gateway: Gateway, plan: DownPlan) -> Iterator[str]:
    user = next((each.physical_id for each in plan.lost if each.logical_id == Resource.SUPPORT_USER), "")
    for key in gateway.iam.list_access_keys(user) if user else ():
        named = ("--user-name", user, "--access-key-id", key.key_id)
        yield gateway.commands.aws("iam", "delete-access-key", *named)
