"""Whether every policy of a stack would be short enough for AWS, before a change set is made.

CloudFormation finds a policy that is too long while it updates, and rolls everything back.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from generator.errors import DeployerError, Refused
from generator.gateway.aws import Gateway
from generator.model.command_line import CommandLine
from generator.model.contract import POLICY_PARAMETERS, Parameter
from generator.model.policy_size import TRUST_OF_A_ROLE, PolicySize
from generator.model.stack import Stack
from generator.model.up import UpRequest


def may_reach_a_policy(request: UpRequest) -> bool:
    """Whether a value may make a policy longer; of the verbs of `access` only those that let somebody in."""
    if request.by_access:
        return bool(request.room_for)
    known = {str(name) for name in Parameter}
    return any(key in POLICY_PARAMETERS or key not in known for key in request.given)


def require_room(gateway: Gateway, template: str, values: Mapping[str, str], stack: Stack | None) -> None:
    """Raise Refused for policies that would be longer than AWS takes, in a stack of this template and these values.

    Where AWS's standard quota is exceeded, the account's own is looked up, and the names that the stack has (one call
    each).
    """
    from generator.template.policy_sizes import policy_sizes
    from generator.template.resolved_values import StackPlace

    account_id = [stack.account] if stack is not None else []
    place = StackPlace(gateway.deployment.stack_name, gateway.region, gateway.partition, *account_id)
    if not any(size.exceeds({}) for size in policy_sizes(template, values, place)):
        return
    resources = gateway.cloudformation.list_stack_resources(stack.stack_id) if stack is not None else []
    ids = {resource.logical_id: resource.physical_id for resource in resources if resource.physical_id}
    account = _account_summary(gateway)
    for size in policy_sizes(template, values, place, ids):
        if size.exceeds(account):
            raise _refused(size, account, gateway.commands)


def _account_summary(gateway: Gateway) -> Mapping[str, int]:
    """The account's own quotas; none where they may not be read, so that AWS's standard ones count."""
    with suppress(DeployerError):
        return gateway.iam.get_account_summary()
    return {}


def _refused(size: PolicySize, account: Mapping[str, int], commands: CommandLine) -> Refused:
    names, together = " and ".join(size.resources), " together" if len(size.resources) > 1 else ""
    shorter = "Shorter names take less room: of the stack, the support user and role, the database's resource."
    fewer = (
        "Let in a whole account in place of its roles (--principal arn:aws:iam::ACCOUNT:root), or fewer principals; "
        f"see who has access with: {commands.deployer('access', 'show')}"
    )
    return Refused(
        f"{names} would{together} have {size.characters:,} characters {size.quota.what}, and AWS takes "
        f"{size.quota.of(account):,}, so nothing was changed.",
        fewer if size.quota is TRUST_OF_A_ROLE else shorter,
        code="policy-too-large",
    )
