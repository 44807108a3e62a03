"""The stack's EKS cluster: who may use it that is, or may be, the vendor's.

That is whoever is on the instance, by the instance's own role, also where somebody gave it another; and whoever an
entry names that is from outside, or the support user or role. What a session of those may do in a cluster no policy of
theirs refuses: the token is a signed `sts:GetCallerIdentity`, which IAM permits in spite of any Deny (STS API
reference), so NoOlderSessions does not help.
"""

from __future__ import annotations

from collections.abc import Mapping

from generator.gateway.aws import Gateway
from generator.model.access_path import AccessPath, PathKind, PathReading
from generator.model.arn import Arn
from generator.model.contract import Parameter, Resource
from generator.model.policy import PolicyPrincipal, PrincipalType
from generator.model.reading import Reading
from generator.operations.access.instance_roles import instance_roles
from generator.operations.access.outsiders import is_outside
from generator.operations.access.readings import absent, read
from generator.operations.access.stack_access import StackAccess


def cluster(gateway: Gateway, access: StackAccess, resources: Reading[Mapping[str, str]]) -> PathReading:
    """The access entries of such principals in the cluster that the stack names, whoever made them.

    `resources` are the stack's, their physical IDs by logical ID.
    """
    asked, name = "eks:ListAccessEntries", access.stack.parameters.get(Parameter.EKS_CLUSTER_NAME, "")
    if not name:
        return absent(asked, "the stack names no EKS cluster")
    own = instance_roles(gateway, access, resources)
    if own.value is None:
        return own.unanswered()
    roles, stacks = own.value, (resources.value or {}).get(Resource.INSTANCE_ROLE, "")
    ends = f", also after its end {access.grant.until_text}" if access.grant.until else ""
    lasts = f"the stack keeps it until the grant is revoked{ends}" if access.grant.principals else ""

    def path(principal: str) -> AccessPath:
        words = ("delete-access-entry", "--cluster-name", name, "--principal-arn", principal)
        is_instances = _is(principal, stacks)
        return AccessPath(
            PathKind.CLUSTER,
            f"{name} for {principal}",
            stacks if is_instances else principal,
            asked,
            gateway.commands.aws("eks", *words),
            detail=lasts if is_instances else "",
            by_stack=is_instances and bool(lasts),
        )

    def counts(principal: str) -> bool:
        return any(_is(principal, role) for role in roles) or is_outside(
            PolicyPrincipal(PrincipalType.AWS, principal), access
        )

    return read(asked, lambda: tuple(path(p) for p in gateway.eks.list_access_entries(name) if counts(p)))


def _is(principal: str, role: str) -> bool:
    """Whether it is the instance's role, or not known to be another principal."""
    arn = Arn.find(principal)
    return arn is None or (arn.kind == "role" and arn.last_name == role)
