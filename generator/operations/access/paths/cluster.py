"""The EKS cluster that whoever is on the instance may use, by the instance's own role."""

from __future__ import annotations

from collections.abc import Mapping

from generator.gateway.aws import Gateway
from generator.model.access_path import AccessPath, PathKind, PathReading
from generator.model.arn import Arn
from generator.model.contract import Parameter, Resource
from generator.model.reading import Reading
from generator.operations.access.readings import absent, read
from generator.operations.access.stack_access import StackAccess


def cluster(gateway: Gateway, access: StackAccess, resources: Reading[Mapping[str, str]]) -> PathReading:
    """The access entries of the instance's role in the cluster that the stack names, whoever made them.

    `resources` are the stack's, their physical IDs by logical ID.
    """
    asked, name = "eks:ListAccessEntries", access.stack.parameters.get(Parameter.EKS_CLUSTER_NAME, "")
    if not name:
        return absent(asked, "the stack names no EKS cluster")
    if resources.value is None:
        return resources.unanswered()
    ends = f", also after its end {access.grant.until_text}" if access.grant.until else ""
    lasts = f"the stack keeps it until the grant is revoked{ends}" if access.grant.principals else ""
    role = resources.value.get(Resource.INSTANCE_ROLE, "")

    def path(principal: str) -> AccessPath:
        words = ("delete-access-entry", "--cluster-name", name, "--principal-arn", principal)
        return AccessPath(
            PathKind.CLUSTER,
            f"{name} for {principal}",
            role,
            asked,
            gateway.commands.aws("eks", *words),
            detail=lasts,
            by_stack=bool(lasts),
        )

    return read(asked, lambda: tuple(path(p) for p in gateway.eks.list_access_entries(name) if _is(p, role)))


def _is(principal: str, role: str) -> bool:
    arn = Arn.find(principal)
    return arn is None or (arn.kind == "role" and arn.last_name == role)
