"""The stack's EKS cluster: who may use it that is, or may be, the vendor's.

That is whoever is on the instance, by the instance's own role, also where somebody gave it another; and whoever an
entry names that is from outside, or the support user or role. What a session of those may do in a cluster no policy of
theirs refuses: the token is a signed `sts:GetCallerIdentity`, which IAM permits in spite of any Deny (STS API
reference), so NoOlderSessions does not help.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from generator.errors import NotFound
from generator.gateway.aws import Gateway
from generator.model.access import AccountRole
from generator.model.access_path import AccessPath, PathKind, PathReading
from generator.model.arn import Arn
from generator.model.contract import Parameter, Resource
from generator.model.policy import PolicyPrincipal, PrincipalType
from generator.model.reading import Reading
from generator.model.wildcards import like
from generator.operations.access.instance_roles import instance_roles
from generator.operations.access.outsiders import is_outside
from generator.operations.access.readings import absent, read
from generator.operations.access.stack_access import StackAccess

FIND = "eks:DescribeCluster"
NO_CLUSTER = "the stack names no EKS cluster, and its instance may find none"
_WILD = frozenset("*?")


def cluster(
    gateway: Gateway,
    access: StackAccess,
    resources: Reading[Mapping[str, str]],
    every: Reading[Sequence[AccountRole]],
) -> PathReading:
    """The access entries of such principals in the cluster that the stack names, and in those that its instance may
    find (templates/deepsql-cluster-access.yaml), whoever made them.

    `resources` are the stack's, their physical IDs by logical ID; `every` are the account's roles.
    """
    asked, named = "eks:ListAccessEntries", access.stack.parameters.get(Parameter.EKS_CLUSTER_NAME, "")
    finders = {role.name: patterns for role in every.value or () if (patterns := tuple(_findable(role)))}
    if not named and (resources.value is None or not access.instance_id or not finders):  # whichever the instance has
        return absent(asked, NO_CLUSTER)
    own = instance_roles(gateway, access, resources)
    if own.value is None:
        return own.unanswered()
    clusters = _clusters_to_find(gateway, access, finders, own.value)
    if clusters.value is None:
        return clusters.unanswered()
    names = tuple(dict.fromkeys(filter(None, (named, *clusters.value))))
    if not names:
        return absent(asked, NO_CLUSTER)
    roles, stacks = own.value, (resources.value or {}).get(Resource.INSTANCE_ROLE, "")
    ends = f", also after its end {access.grant.until_text}" if access.grant.until else ""
    lasts = f"the stack keeps it until the grant is revoked{ends}" if access.grant.principals else ""

    def path(name: str, principal: str) -> AccessPath:
        words = ("delete-access-entry", "--cluster-name", name, "--principal-arn", principal)
        is_instances = _is(principal, stacks) and name == named
        return AccessPath(
            PathKind.CLUSTER,
            f"{name} for {principal}",
            stacks if _is(principal, stacks) else principal,
            asked,
            gateway.commands.aws("eks", *words),
            detail=lasts if is_instances else "",
            by_stack=is_instances and bool(lasts),
        )

    def counts(principal: str) -> bool:
        return any(_is(principal, role) for role in roles) or is_outside(
            PolicyPrincipal(PrincipalType.AWS, principal), access
        )

    def entries(name: str) -> Iterable[str]:
        try:
            return gateway.eks.list_access_entries(name)
        except NotFound:
            if name == named:
                raise
            return ()  # a policy may outlive the cluster that it names

    return read(asked, lambda: tuple(path(name, p) for name in names for p in entries(name) if counts(p)))


def _clusters_to_find(
    gateway: Gateway, access: StackAccess, finders: Mapping[str, Sequence[str]], roles: Sequence[str]
) -> Reading[tuple[str, ...]]:
    """The clusters of this region that one of these roles, which the instance has, may find. A pattern is held against
    those that there are. Roles that may not be read are NOT PROVEN by themselves; other regions are named as not asked.

    `finders` are what each role of the account may find.
    """
    wanted = tuple(dict.fromkeys(pattern for role in roles for pattern in finders.get(role, ())))
    here = access.stack.arn.beside("eks", "cluster/")
    exact = tuple(w.removeprefix(str(here)) for w in wanted if w.startswith(str(here)) and not _WILD & set(w))
    patterns = [w for w in wanted if _WILD & set(w)]
    if not patterns:
        return read(FIND, lambda: exact)
    listed = read("eks:ListClusters", gateway.eks.list_clusters)
    if listed.value is None:
        return listed.unanswered()
    fit = tuple(name for name in listed.value if any(like(pattern, f"{here}{name}") for pattern in patterns))
    return Reading(listed.asked, listed.at, (*exact, *fit))


def _findable(role: AccountRole) -> Iterator[str]:
    """ARNs and patterns of what it may find; `*` where that is not understood, or said by what it is not."""
    for policy in role.policies:
        if policy.problems:
            yield "*"
        for statement in policy.statements:
            if statement.permits(FIND):
                yield from statement.resources if "NotResource" not in statement.inverted else ("*",)


def _is(principal: str, role: str) -> bool:
    """Whether it is the instance's role, or not known to be another principal."""
    arn = Arn.find(principal)
    return arn is None or (arn.kind == "role" and arn.last_name == role)
