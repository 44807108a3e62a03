"""The stacks and the people of the proof table, and how a row of it becomes requests."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tests.proof.attachments import Principal, principal, resource_policy
from tests.proof.evaluator import Request, text
from tests.proof.resolve import ACCOUNT, Place, Stack, Tree

VENDOR, STRANGER = "444455556666", "777788889999"
NOW, END, AFTER = "2026-11-25T12:00:00Z", "2026-12-01T00:00:00Z", "2026-12-01T00:00:01Z"
EVERYTHING = text({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})

NEW = {"InstanceOrigin": "new", "AdminEmail": "ops@example.com"}
GRANT = {"VendorAccounts": VENDOR, "VendorPrincipals": f"arn:aws:iam::{VENDOR}:role/deepsql-support"}
PUBLISHED = {
    "AdminEmail": "ops@example.com",
    "AdminPassword": "correct-horse-battery",
    "SupportUserName": "deepsql-support",
}
STACKS: dict[str, dict[str, str]] = {
    "open": NEW | GRANT | {"SupportAccessUntil": END},
    "endless": NEW | GRANT,
    "ungranted": NEW,
    "off": NEW | GRANT | {"CreateSupportUser": "No"},
    "account without principals": NEW | {"VendorAccounts": VENDOR},
    "published": PUBLISHED,
    "published and granted": PUBLISHED | GRANT,
}

Context = dict[str, str | None]
"""Condition keys of a request; None takes a key away that a request has by default."""


@dataclass(frozen=True)
class Row:
    """One line of the table. In a resource `<LogicalId>` is that resource's ARN, `<LogicalId.name>` its name, and
    `<ssm>` how an ARN of the service begins: `arn:aws:ssm:us-east-1:111122223333`.

    A row with several steps is allowed when all of them are: StartSession asks for the instance and for the
    document, reading an encrypted secret asks Secrets Manager and KMS.
    """

    expect: str
    says: str
    steps: tuple[tuple[str, str], ...]  # action, resource
    context: Context = field(default_factory=dict)
    stack: str = "open"
    who: str = "support"
    group: str = ""

    @property
    def id(self) -> str:
        return f"{self.group}: {self.who} {'may' if self.expect == 'allowed' else 'may not'}: {self.says}"


def may(says: str, action: str, *resources: str, given: Context | None = None, **rest: str) -> Row:
    return Row("allowed", says, tuple((action, resource) for resource in resources), given or {}, **rest)


def may_not(says: str, action: str, *resources: str, given: Context | None = None, **rest: str) -> Row:
    return replace(may(says, action, *resources, given=given, **rest), expect="denied")


def table(group: str, who: str, *rows: Row) -> list[Row]:
    """The rows of one group, asked by one principal."""
    return [replace(row, group=group, who=who) for row in rows]


@dataclass(frozen=True)
class Actor:
    """Who asks: the principal of a request, its policies and what IAM says about it in every request."""

    arn: str
    identity: tuple[str, ...] = ()
    boundary: tuple[str, ...] = ()
    context: Context = field(default_factory=dict)


def user(stack: Stack) -> Actor:
    held = principal(stack, "SupportUser")
    context = {
        "aws:username": stack.name("SupportUser"),
        "aws:userid": "AIDA1B2C3D4E5F6G7H8I9",
        "aws:PrincipalArn": held.arn,
    }
    return Actor(held.arn, _texts(held.identity), _texts(held.boundary), context)


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


WHO: dict[str, Callable[[Stack], Actor]] = {
    "support": user,
    "support with administrator rights": lambda stack: replace(
        user(stack), identity=(*user(stack).identity, EVERYTHING)
    ),
    "instance": lambda stack: session(stack, "InstanceRole", "i-0a1b2c3d4e5f60718"),
    "keeper": lambda stack: session(stack, "KeeperRole", "keeper"),
    "vendor": _outsider(f"arn:aws:iam::{VENDOR}:role/deepsql-support"),
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
    "EC2": lambda _: Actor("ec2.amazonaws.com"),
    "Lambda": lambda _: Actor("lambda.amazonaws.com"),
    "Secrets Manager": lambda _: Actor("secretsmanager.amazonaws.com"),
    "CloudWatch Logs": lambda _: Actor("logs.us-east-1.amazonaws.com"),
    "CloudWatch Logs elsewhere": lambda _: Actor("logs.eu-west-1.amazonaws.com"),
}


class World:
    """One template in one place, with the stacks made from it and the people around them."""

    def __init__(self, template: Tree, place: Place | None = None) -> None:
        self._template = template
        self._place = place or Place()
        self._stacks: dict[str, Stack] = {}
        self._actors: dict[tuple[str, str], Actor] = {}

    def stack(self, name: str) -> Stack:
        if name not in self._stacks:
            self._stacks[name] = Stack(self._template, STACKS[name], self._place)
        return self._stacks[name]

    def actor(self, who: str, stack: str) -> Actor:
        if (who, stack) not in self._actors:
            self._actors[who, stack] = WHO[who](self.stack(stack))
        return self._actors[who, stack]

    def requests(self, row: Row) -> list[Request]:
        """The requests of one row.

        What support may not do is asked without its boundary: the policy has to hold alone, as it does where it is
        attached by hand. (A boundary only takes away, so the stack denies it all the more.)
        """
        stack, actor = self.stack(row.stack), self.actor(row.who, row.stack)
        if row.who == "support" and row.expect == "denied":
            actor = replace(actor, boundary=())
        return [_request(stack, actor, action, _named(stack, resource), row.context) for action, resource in row.steps]


def _request(stack: Stack, actor: Actor, action: str, resource: str, context: Context) -> Request:
    all_keys = _usual(stack, action, resource) | dict(actor.context) | dict(context)
    given = {key: _named(stack, value) for key, value in all_keys.items() if value is not None}
    return Request(
        principal=actor.arn,
        action=action,
        resource=resource,
        account=resource.split(":")[4] or ACCOUNT if resource.startswith("arn:") else ACCOUNT,
        context=tuple(sorted(given.items())),
        identity=actor.identity,
        boundary=actor.boundary,
        attached=_policy_on(stack, resource),
    )


def _usual(stack: Stack, action: str, resource: str) -> dict[str, str | None]:
    """What a request carries unless its row says otherwise: so that a row differs from a good one in one thing."""
    region = resource.split(":")[3] if resource.startswith("arn:") else ""
    usual: dict[str, str | None] = {
        "aws:CurrentTime": NOW,
        "aws:RequestedRegion": region or stack.place.region,
        "aws:SecureTransport": "true",
    }
    if action == "ssm:StartSession":
        usual["ssm:SessionDocumentAccessCheck"] = "true"
    if action.startswith("ssm:") and ":instance/" in resource:
        usual |= tagged("true")
    if action.startswith("kms:"):
        usual["kms:ViaService"] = f"secretsmanager.{stack.place.region}.{stack.ref('AWS::URLSuffix')}"
        usual["kms:EncryptionContext:SecretARN"] = "<SupportCredentialsSecret>" if _has_support(stack) else None
    return usual


def _has_support(stack: Stack) -> bool:
    return "SupportCredentialsSecret" in stack.resources


def tagged(value: str | None, key: str = "deepsql:managed") -> dict[str, str | None]:
    """The instance's tag, under both names a policy may ask for it by."""
    return {f"ssm:resourceTag/{key}": value, f"aws:ResourceTag/{key}": value}


def at(moment: str) -> Context:
    return {"aws:CurrentTime": moment}


def in_region(region: str | None) -> Context:
    return {"aws:RequestedRegion": region}


def _named(stack: Stack, template: str) -> str:
    def physical(match: re.Match[str]) -> str:
        name, wants_name = match.groups()
        if name.islower():
            return stack.arn_in(name, "").removesuffix(":")
        return stack.name(name) if wants_name else stack.arn(name)

    return re.sub(r"<(\w+)(\.name)?>", physical, template)


def _policy_on(stack: Stack, arn: str) -> str | None:
    """The policy of the stack that hangs on the resource of a request."""
    for logical_id in stack.of_type(
        "AWS::KMS::Key", "AWS::SecretsManager::Secret", "AWS::IAM::Role", "AWS::Lambda::Function"
    ):
        if stack.arn(logical_id) == arn:
            policy = resource_policy(stack, logical_id)
            return text(policy) if policy else None
    return None


def _texts(documents: tuple[Tree, ...]) -> tuple[str, ...]:
    return tuple(text(document) for document in documents)
