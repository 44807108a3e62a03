"""The people around a stack, each with the policies that decide what they may do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from generator.policies.engineers import EngineerKind, engineers_policy_document
from generator.policies.vendor import vendor_identity_policy
from tests.proof.attachments import Principal, principal
from tests.proof.evaluator import text
from tests.proof.resolve import ACCOUNT, Stack, Tree

VENDOR, STRANGER = "444455556666", "777788889999"
EVERYTHING = text({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})

Context = dict[str, str | None]
"""Condition keys of a request; None takes a key away that a request has by default."""


@dataclass(frozen=True)
class Actor:
    """Who asks: the principal of a request, its policies and what IAM says about it in every request."""

    arn: str
    identity: tuple[str, ...] = ()
    boundary: tuple[str, ...] = ()
    context: Context = field(default_factory=dict)


def user(stack: Stack) -> Actor:
    held = principal(stack, "SupportUser")
    context: Context = {
        "aws:username": stack.name("SupportUser"),
        "aws:userid": "AIDA1B2C3D4E5F6G7H8I9",
        "aws:PrincipalArn": held.arn,
    }
    return Actor(held.arn, _texts(held.identity), _texts(held.boundary), context)


def stripped(stack: Stack) -> Actor:
    """The user when somebody has taken its managed policy and its boundary off: its inline policy is left."""
    inline = stack.property("SupportUserPolicy", "PolicyDocument")
    return replace(user(stack), identity=_texts((inline,)), boundary=())


def session(stack: Stack, logical_id: str, name: str) -> Actor:
    """A session of one of the stack's roles."""
    held: Principal = principal(stack, logical_id)
    identity, boundary = _texts(held.identity), _texts(held.boundary)
    return replace(role_session(held.arn, name), identity=identity, boundary=boundary)


def role_session(role: str, name: str, *identity: str) -> Actor:
    """A session of a role given by its ARN; `aws:PrincipalArn` is the role's, as IAM has it."""
    arn = role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + f"/{name}"
    return Actor(arn, identity, (), {"aws:PrincipalArn": role, "aws:userid": f"AROA1B2C3D4E5F6G7H8I9:{name}"})


def _outsider(role: str) -> Callable[[Stack], Actor]:
    """Somebody whose own account permits everything: only our policies stand in the way."""
    return lambda _: role_session(role, "alice", EVERYTHING)


def _engineer(
    kind: EngineerKind, arn: str, user_id: str, team: str | None = "blue", ssh_user: str = ""
) -> Callable[[Stack], Actor]:
    """One of the customer's own engineers, with the policy that is printed for them."""
    printed = text(engineers_policy_document("team", kind, region="us-east-1", account=ACCOUNT, ssh_user=ssh_user))
    context: Context = {"aws:userid": user_id, "aws:PrincipalTag/team": team}
    if kind is EngineerKind.user:
        context |= {"aws:username": "alice", "aws:PrincipalArn": arn}
    if kind is EngineerKind.login:
        context |= {"aws:PrincipalTag/login": "alice@example.com"}
    if kind is EngineerKind.source_identity:
        context |= {"aws:SourceIdentity": "alice@example.com"}
    return lambda _: Actor(arn, (printed,), (), context)


WHO: dict[str, Callable[[Stack], Actor]] = {
    "support": user,
    "support with administrator rights": lambda stack: replace(user(stack), identity=(EVERYTHING,)),
    "support without managed policy and boundary": stripped,
    "support role": lambda stack: session(stack, "SupportRole", "ada"),
    "support role with administrator rights": lambda stack: replace(
        session(stack, "SupportRole", "ada"), identity=(EVERYTHING,)
    ),
    "support role without boundary, with administrator rights": lambda stack: replace(
        session(stack, "SupportRole", "ada"),
        identity=(EVERYTHING, *_texts((stack.property("SupportRolePolicy", "PolicyDocument"),))),
        boundary=(),
    ),
    "instance": lambda stack: session(stack, "InstanceRole", "i-0a1b2c3d4e5f60718"),
    "bastion": lambda stack: session(stack, "BastionRole", "i-0fedcba9876543210"),
    "keeper": lambda stack: session(stack, "KeeperRole", "keeper"),
    "vendor": _outsider(f"arn:aws:iam::{VENDOR}:role/deepsql-support"),
    "vendor with the policy handed out": lambda stack: role_session(
        f"arn:aws:iam::{VENDOR}:role/deepsql-support",
        "alice",
        text(vendor_identity_policy(stack.arn("SupportCredentialsSecret"), stack.arn("StackKey"))),
    ),
    "vendor without a policy of its own": lambda _: role_session(
        f"arn:aws:iam::{VENDOR}:role/deepsql-support", "alice"
    ),
    "neighbour in the vendor's account": _outsider(f"arn:aws:iam::{VENDOR}:role/deepsql-support-2"),
    "vendor's root": lambda _: Actor(
        f"arn:aws:iam::{VENDOR}:root", (EVERYTHING,), (), {"aws:PrincipalArn": f"arn:aws:iam::{VENDOR}:root"}
    ),
    "stranger with the vendor's role name": _outsider(f"arn:aws:iam::{STRANGER}:role/deepsql-support"),
    "stranger who calls himself the vendor": lambda _: replace(
        role_session(f"arn:aws:iam::{STRANGER}:role/x", "alice", EVERYTHING),
        context={"aws:PrincipalArn": f"arn:aws:iam::{VENDOR}:role/deepsql-support"},
    ),
    "customer's administrator": _outsider(f"arn:aws:iam::{ACCOUNT}:role/admin"),
    "customer's nobody": lambda _: role_session(f"arn:aws:iam::{ACCOUNT}:role/nobody", "bob"),
    "engineer as a user": _engineer(EngineerKind.user, f"arn:aws:iam::{ACCOUNT}:user/alice", "AIDA1B2C3D4E5F6G7H8I9"),
    "engineer in a role": _engineer(
        EngineerKind.role, f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/alice", "AROA1B2C3D4E5F6G7H8I9:alice"
    ),
    "federated engineer": _engineer(
        EngineerKind.federated, f"arn:aws:sts::{ACCOUNT}:federated-user/alice", f"{ACCOUNT}:alice"
    ),
    "engineer by login": _engineer(
        EngineerKind.login, f"arn:aws:sts::{ACCOUNT}:assumed-role/sso/x", "AROA1B2C3D4E5F6G7H8I9:x"
    ),
    "engineer by source identity": _engineer(
        EngineerKind.source_identity, f"arn:aws:sts::{ACCOUNT}:assumed-role/sso/x", "AROA1B2C3D4E5F6G7H8I9:x"
    ),
    "engineer without a login": lambda stack: replace(
        (held := WHO["engineer by login"](stack)), context={**held.context, "aws:PrincipalTag/login": None}
    ),
    "engineer without a team": _engineer(
        EngineerKind.user, f"arn:aws:iam::{ACCOUNT}:user/alice", "AIDA1B2C3D4E5F6G7H8I9", None
    ),
    "engineer with SSH": _engineer(
        EngineerKind.user, f"arn:aws:iam::{ACCOUNT}:user/alice", "AIDA1B2C3D4E5F6G7H8I9", ssh_user="ops"
    ),
    "engineer with SSH and without a team": _engineer(
        EngineerKind.user, f"arn:aws:iam::{ACCOUNT}:user/alice", "AIDA1B2C3D4E5F6G7H8I9", None, "ops"
    ),
    "EC2": lambda _: Actor("ec2.amazonaws.com"),
    "Lambda": lambda _: Actor("lambda.amazonaws.com"),
    "EventBridge": lambda _: Actor("events.amazonaws.com"),
    "Secrets Manager": lambda _: Actor("secretsmanager.amazonaws.com"),
    "CloudWatch Logs": lambda _: Actor("logs.us-east-1.amazonaws.com"),
    "CloudWatch Logs elsewhere": lambda _: Actor("logs.eu-west-1.amazonaws.com"),
}


def _texts(documents: tuple[Tree, ...]) -> tuple[str, ...]:
    return tuple(text(document) for document in documents)
