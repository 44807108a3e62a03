"""access policy: the support policy for hosts that no stack made, as a document, or attached to a user or role."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from generator.errors import NotFound, Refused, UsageError
from generator.gateway.aws import Gateway
from generator.model.arn import Arn
from generator.model.caller import Caller
from generator.model.contract import TAG_KEY, TAG_VALUE, Resource
from generator.model.engineers import check_ssh_user, check_tag
from generator.model.policy import Policy, parse_policy, statements
from generator.model.policy_size import INLINE_OF_A_ROLE, INLINE_OF_A_USER, characters
from generator.model.up import Check
from generator.policies.document import Document
from generator.policies.engineers import EngineerKind, engineers_policy_document
from generator.policies.support import support_user_policy_document

POLICY_NAME = "deepsql-support-ssm"


@dataclass(frozen=True)
class PolicyRequest:
    """For which account, Region, instances and session documents; empty ones become placeholders, or any.

    `attach_to`: put it on this user or role (`undo`: remove it again). `abac`: instead the policy for the customer's
    own engineers, who sign in as `engineers` says, for hosts whose value of this tag is theirs, with `ssh_user` as
    their login for SSH.
    """

    account: str | None = None
    region: str | None = None
    partition: str = "aws"
    instances: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    attach_to: str | None = None
    undo: bool = False
    abac: str | None = None
    engineers: str = EngineerKind.role.value
    ssh_user: str = ""


@dataclass(frozen=True)
class Attachment:
    """What attaching (or `undo`) would change: the policy of one user or role, and the tag of instances."""

    kind: str
    name: str
    policy: str
    to_tag: tuple[str, ...] = ()
    document: Document = field(default_factory=dict)
    undo: bool = False

    @property
    def unchanged(self) -> bool:
        """Whether there is nothing to do."""
        return self.policy == "unchanged" and not self.to_tag


@dataclass(frozen=True)
class Attached:
    """What was read back after a policy was attached or removed."""

    checks: tuple[Check, ...]


def support_policy(request: PolicyRequest, caller: Caller, open_gateway: Callable[[], Gateway]) -> Document | Attached:
    """The policy document; with `attach_to`, put it there or remove it, after a question.

    The document alone asks AWS nothing, so the gateway is opened only for `attach_to`. Raises UsageError, NotFound for
    the user, role or instance, Refused where IAM has no room or the policy there is not this one, and Declined.
    """
    if request.undo and not request.attach_to:
        raise UsageError("It is not clear whose policy to remove.", "Give: --attach-to USER", code="undo-alone")
    if request.ssh_user and not request.abac:
        raise UsageError("--ssh-user is for your own engineers.", "Give it with --abac TAG.", code="ssh-user-alone")
    if not request.attach_to:
        return _engineers_document(request) if request.abac else _support_document(request)
    gateway = open_gateway()
    plan = _plan_removal(gateway, request) if request.undo else _plan_attachment(gateway, request)
    caller.show(plan)
    if not plan.unchanged:
        caller.confirm(plan)
    return Attached(_remove(gateway, plan) if plan.undo else _attach(gateway, plan))


def _support_document(request: PolicyRequest) -> Document:
    """The document, with placeholders (ACCOUNT_ID, REGION) for what is not known."""
    named = {"instance_ids": request.instances, "documents": request.documents}
    known = {"account": request.account, "region": request.region, **named}
    given = {key: value for key, value in known.items() if value}
    return support_user_policy_document(partition=request.partition, **given)  # type: ignore[arg-type]


def _engineers_document(request: PolicyRequest) -> Document:
    """The policy for the customer's own engineers: hosts whose tag equals their own. Raises UsageError."""
    tag = check_tag(request.abac or "")
    known = {"account": request.account, "region": request.region, "documents": request.documents}
    known |= {"ssh_user": check_ssh_user(request.ssh_user)}
    given = {key: value for key, value in known.items() if value}
    kind = EngineerKind(request.engineers)
    return engineers_policy_document(tag, kind, partition=request.partition, **given)  # type: ignore[arg-type]


def _plan_attachment(gateway: Gateway, request: PolicyRequest) -> Attachment:
    """What attaching the policy would change. Raises NotFound for the user, the role or an instance, and Refused where
    IAM has no room for the policy.

    The instances are named one by one: a policy for any tagged instance would open every host that gets the tag.
    """
    instances = request.instances
    if not instances:
        raise UsageError("No instance is named for support to reach.", "Give: --instance-id ID", code="instance")
    kind, name = _target(gateway, request.attach_to or "")
    here = replace(request, account=gateway.sts.get_caller_account(), region=gateway.region)
    document = _support_document(here)
    existing = _policies(gateway, kind, name)
    _require_room(document, kind, name, existing)
    current = existing.get(POLICY_NAME)
    state = "create" if current is None else "unchanged" if _same(current, document) else "update"
    untagged = tuple(i for i in instances if gateway.ec2.instance_tags(i).get(TAG_KEY) != TAG_VALUE)
    return Attachment(kind, name, state, untagged, document)


def _require_room(document: Document, kind: str, name: str, existing: Mapping[str, Policy]) -> None:
    """Raise Refused where it would exceed what IAM allows for all inline policies of a user or role together."""
    limit = INLINE_OF_A_USER if kind == "user" else INLINE_OF_A_ROLE
    others = sum(policy.characters for policy in existing.values() if policy.name != POLICY_NAME)
    size = characters(document)
    if size + others <= limit:
        return
    beside = f", and its other inline policies have {others:,}" if others else ""
    shorter = "Name fewer instances or documents"
    raise Refused(
        f"The policy has {size:,} characters{beside}; IAM allows the {kind} {name} {limit:,} in all.",
        f"{shorter}, or attach it to a role, which may have {INLINE_OF_A_ROLE:,}." if kind == "user" else f"{shorter}.",
        code="policy-too-large",
    )


def _attach(gateway: Gateway, planned: Attachment) -> tuple[Check, ...]:
    """Do it, and read it back."""
    if planned.policy != "unchanged":
        put = gateway.iam.put_user_policy if planned.kind == "user" else gateway.iam.put_role_policy
        put(planned.name, POLICY_NAME, planned.document)
    for instance in planned.to_tag:
        gateway.ec2.create_tag(instance, TAG_KEY, TAG_VALUE)
    agrees = _same(_policies(gateway, planned.kind, planned.name).get(POLICY_NAME), planned.document)
    tagged = [(i, gateway.ec2.instance_tags(i).get(TAG_KEY) == TAG_VALUE) for i in planned.to_tag]
    return (
        Check(f"policy {POLICY_NAME} of {planned.kind} {planned.name}", agrees, planned.policy),
        *(Check(f"tag {TAG_KEY} of {i}", is_set, "set" if is_set else "not set") for i, is_set in tagged),
    )


def _plan_removal(gateway: Gateway, request: PolicyRequest) -> Attachment:
    """What undoing would take away. Raises NotFound, and Refused when the policy of that name is not this one."""
    kind, name = _target(gateway, request.attach_to or "")
    current = _policies(gateway, kind, name).get(POLICY_NAME)
    ours = {statement.sid for statement in statements(support_user_policy_document())}
    if current is not None and {statement.sid for statement in current.statements} != ours:
        see = ("iam", f"get-{kind}-policy", f"--{kind}-name", name, "--policy-name", POLICY_NAME)
        raise Refused(
            f"The policy {POLICY_NAME} of {kind} {name} was not written by this command, so it was not removed.",
            f"See it with: {gateway.commands.aws(*see)}",
            code="not-ours",
        )
    tagged = tuple(i for i in request.instances if gateway.ec2.instance_tags(i).get(TAG_KEY) == TAG_VALUE)
    return Attachment(kind, name, "unchanged" if current is None else "remove", tagged, undo=True)


def _remove(gateway: Gateway, planned: Attachment) -> tuple[Check, ...]:
    """Take the policy and the tags away again, and read it back."""
    existed = planned.policy == "remove"
    if existed:
        remove = gateway.iam.delete_user_policy if planned.kind == "user" else gateway.iam.delete_role_policy
        remove(planned.name, POLICY_NAME)
    for instance in planned.to_tag:
        gateway.ec2.delete_tag(instance, TAG_KEY, TAG_VALUE)
    gone = POLICY_NAME not in _policies(gateway, planned.kind, planned.name)
    name = f"policy {POLICY_NAME} of {planned.kind} {planned.name}"
    return (Check(name, gone, "removed" if existed else "did not exist"),)


def _same(policy: Policy | None, document: Document) -> bool:
    """Whether the policy there says what this one says."""
    wanted = parse_policy(document)
    return policy is not None and (policy.statements, policy.problems) == (wanted.statements, wanted.problems)


def _target(gateway: Gateway, target: str) -> tuple[str, str]:
    """user or role, and the name. Raises NotFound, and Refused for the support user or role of a stack.

    Those have a policy of the same name, which is the stack's to write.
    """
    kind, name = _named(gateway, target)
    boundary = gateway.iam.user_boundary(name) if kind == "user" else gateway.iam.role_boundary(name)
    if f"-{Resource.SUPPORT_SESSION_POLICY}-" in boundary:
        raise Refused(
            f"The {kind} {name} belongs to a stack, which writes its policies itself.",
            f"Grant it access there: {gateway.commands.deployer('access', 'grant', '--principal', 'ARN')}",
            code="of-a-stack",
        )
    return kind, name


def _named(gateway: Gateway, target: str) -> tuple[str, str]:
    """user or role, and the name: from an ARN, from user/NAME or role/NAME, or by looking."""
    named = Arn.find(target) or Arn("", "", "", "", target)
    kind, name = (named.kind, named.last_name) if named.kind else ("", target)
    if kind in ("", "user") and gateway.iam.user_exists(name):
        return "user", name
    if kind in ("", "role") and gateway.iam.role_exists(name):
        return "role", name
    lists = (gateway.commands.aws("iam", f"list-{each}s") for each in ([kind] if kind else ["user", "role"]))
    raise NotFound(
        f"This account has no {kind or 'user or role'} {name}.",
        f"List them with: {' or '.join(lists)}",
        code="no-target",
    )


def _policies(gateway: Gateway, kind: str, name: str) -> dict[str, Policy]:
    return gateway.iam.user_policies(name) if kind == "user" else gateway.iam.role_policies(name)
