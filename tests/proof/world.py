"""The stacks of the proof table, and how a row of it becomes requests."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from functools import cached_property

from generator.template.adoption import adopt
from tests.proof.attachments import resource_policy
from tests.proof.evaluator import Request, text
from tests.proof.people import VENDOR, WHO, Actor, Context
from tests.proof.resolve import ACCOUNT, CLUSTER, Place, Stack, Tree
from tests.template.rendered import PUBLISHED_FILE
from tests.template.values import values_of

NOW, END, AFTER = "2026-11-25T12:00:00Z", "2026-12-01T00:00:00Z", "2026-12-01T00:00:01Z"
HAS_A_POLICY = ("AWS::KMS::Key", "AWS::SecretsManager::Secret", "AWS::IAM::Role", "AWS::Lambda::Function")
OTHER_KEY = "key/0f0e0d0c-0b0a-0908-0706-050403020100"
FREE = text(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:GetSessionToken", "Resource": "*"}}
)
"""Every user may call GetSessionToken without any permission (IAM user guide); only an explicit deny stops it."""

NEW = {"AdminEmail": "ops@example.com"}
GRANT = {"VendorAccounts": VENDOR, "VendorPrincipals": f"arn:aws:iam::{VENDOR}:role/deepsql-support"}
ROLE = NEW | GRANT | {"SupportAccessUntil": END, "CreateSupportUser": "No", "CreateSupportRole": "Yes"}
PUBLISHED = {
    "AdminEmail": "ops@example.com",
    "AdminPassword": "correct-horse-battery",
    "SupportUserName": "deepsql-support",
}
SUPPORTED = {
    "DatabaseEndpoint": "app.cluster-x.us-east-1.rds.amazonaws.com",
    "DatabaseResourceId": CLUSTER,
    "SupportDatabaseLevel": "r",
    "SupportAccessUntil": END,
    "CreateSupportRole": "Yes",
    "DeployBastionHost": "Yes",
}
STACKS: dict[str, dict[str, str]] = {
    "open": NEW | GRANT | {"SupportAccessUntil": END},
    "endless": NEW | GRANT,
    "granted to the whole vendor account": NEW | GRANT | {"VendorPrincipals": f"arn:aws:iam::{VENDOR}:*"},
    "role": ROLE,
    "own id": ROLE | {"SupportRoleExternalId": "x" * 16},
    "role with SSH": ROLE | {"SupportSsh": "Yes"},
    "role for nobody": NEW | {"CreateSupportRole": "Yes"},
    "role only": ROLE | {"CreateSupportUser": "Yes", "SupportAccessVia": "role"},
    "secret only": ROLE | {"CreateSupportUser": "Yes", "SupportAccessVia": "secret"},
    "user and a cut": NEW | GRANT | {"SupportAccessUntil": END, "SupportSessionsNotBefore": NOW},
    "cut": ROLE | {"SupportSessionsNotBefore": NOW},
    "paused": ROLE | {"SupportSessionsNotBefore": "9999-12-31T00:00:00Z"},
    "ungranted": NEW,
    "default shell": NEW | GRANT | {"SupportAccessUntil": END, "SupportDefaultShell": "Yes"},
    "role with default shell": ROLE | {"SupportDefaultShell": "Yes"},
    "ssh": NEW | GRANT | {"SupportAccessUntil": END, "SupportSsh": "Yes"},
    "ssh as jump": NEW | GRANT | {"SupportAccessUntil": END, "SupportSsh": "Yes", "SupportSshUser": "jump"},
    "database": NEW
    | GRANT
    | {
        "DatabaseEndpoint": "app.cluster-x.us-east-1.rds.amazonaws.com",
        "DatabaseSecurityGroupId": "sg-0a1b2c3d",
        "CreateSupportRole": "Yes",
    },
    "support's database": NEW | GRANT | SUPPORTED,
    "database without level": NEW | GRANT | SUPPORTED | {"SupportDatabaseLevel": "none"},
    "database without an id": NEW | GRANT | SUPPORTED | {"DatabaseResourceId": ""},
    "database without an endpoint": NEW | GRANT | SUPPORTED | {"DatabaseEndpoint": ""},
    "bastion": NEW | GRANT | {"DeployBastionHost": "Yes"},
    "own log": NEW | GRANT | {"LogGroup": "/aws/ssm/cell-1/cluster"},
    "off": NEW | GRANT | {"CreateSupportUser": "No"},
    "account without principals": NEW | {"VendorAccounts": VENDOR},
    "published": PUBLISHED,
    "published and granted": PUBLISHED | GRANT,
}


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


class World:
    """One template in one place, with the stacks made from it and the people around them."""

    def __init__(self, template: Tree, place: Place | None = None) -> None:
        self._template = template
        self._place = place or Place()
        self._stacks: dict[str, Stack] = {}
        self._actors: dict[tuple[str, str], Actor] = {}
        self._attached: dict[str, dict[str, str]] = {}

    def stack(self, name: str) -> Stack:
        if name not in self._stacks:
            template = self._adopted if name.startswith("published") else self._template
            self._stacks[name] = Stack(template, STACKS[name], self._place)
        return self._stacks[name]

    @cached_property
    def _adopted(self) -> Tree:
        """What an upgrade makes of a stack of the vendor's published template."""
        return values_of(adopt(json.dumps(self._template), PUBLISHED_FILE.read_text()).text)

    def actor(self, who: str, stack: str) -> Actor:
        if (who, stack) not in self._actors:
            self._actors[who, stack] = WHO[who](self.stack(stack))
        return self._actors[who, stack]

    def attached(self, stack: str) -> dict[str, str]:
        """ARN -> policy of every resource of the stack that has one of its own."""
        if stack not in self._attached:
            self._attached[stack] = resource_policies(self.stack(stack))
        return self._attached[stack]

    def requests(self, row: Row) -> list[Request]:
        """The requests of one row.

        What support may not do is asked without its boundary: the policy has to hold alone, as it does where it is
        attached by hand. (A boundary only takes away, so the stack denies it all the more.)
        """
        stack, actor = self.stack(row.stack), self.actor(row.who, row.stack)
        if row.who == "support" and row.expect == "denied":
            actor = replace(actor, boundary=())
        attached = self.attached(row.stack) | {stack.arn_in("kms", OTHER_KEY): _left_to_iam(stack)}
        asked = [_request(stack, actor, action, _named(stack, resource), row.context) for action, resource in row.steps]
        return [replace(request, attached=attached.get(request.resource)) for request in asked]


def _request(stack: Stack, actor: Actor, action: str, resource: str, context: Context) -> Request:
    all_keys = _usual(stack, action, resource) | dict(actor.context) | dict(context)
    given = {key: _named(stack, value) for key, value in all_keys.items() if value is not None}
    free = (FREE,) if action == "sts:GetSessionToken" else ()
    return Request(
        principal=actor.arn,
        action=action,
        resource=resource,
        account=ACCOUNT,  # even where the ARN names another: as if that account agreed, the policy alone has to refuse
        context=tuple(sorted(given.items())),
        identity=(*actor.identity, *free),
        boundary=(*actor.boundary, *free) if actor.boundary else (),
    )


def _left_to_iam(stack: Stack) -> str:
    """The policy KMS gives a key by default: whom IAM permits may use it."""
    root = {"AWS": f"arn:{stack.place.partition}:iam::{ACCOUNT}:root"}
    statement = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    return text({"Version": "2012-10-17", "Statement": [statement]})


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
    if action.startswith("ec2-instance-connect:"):
        usual |= tagged("true") | {"ec2:osuser": "ec2-user"}
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

    return template if "<" not in template else re.sub(r"<(\w+)(\.name)?>", physical, template)


def resource_policies(stack: Stack) -> dict[str, str]:
    found: dict[str, str] = {}
    for logical_id in stack.of_type(*HAS_A_POLICY):
        if policy := resource_policy(stack, logical_id):
            found[stack.arn(logical_id)] = text(policy)
    return found
