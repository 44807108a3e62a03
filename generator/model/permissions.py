"""The permissions that a person needs to run commands, as statements with a purpose; policies/operator.py writes them.

Two parts. What CloudFormation calls while it works on the stack (`Part.HANDLERS`) is authorized as the person, or as
the service role where `--role-arn` names one. What this program calls itself (`Part.CALLS`) is always the person's.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from generator.errors import UsageError
from generator.model.handler_permissions import DELETE, HANDLERS, READ, UPDATE, handler_permissions, resource_types
from generator.model.handler_scopes import HANDLER_SCOPES
from generator.model.permission_scopes import ANYWHERE, CALL_SCOPES, VERB_SCOPES, Scope

ALL: Final = "all"
PUBLISH: Final = "publish template"
"""The vendor's command: about a bucket, and not about a stack. `all` does not mean it."""
SIGNING: Final = ("access revoke", PUBLISH)
"""Commands that may sign with a key of KMS."""


class Part(StrEnum):
    """Who calls: CloudFormation, or this program."""

    HANDLERS = "CloudFormation"
    CALLS = "deployer"


@dataclass(frozen=True)
class Extra:
    """An action that no call in the source shows. `visible`: whether the sandbox notices when it is missing."""

    action: str
    reason: str
    verbs: tuple[str, ...]
    visible: bool = False


@dataclass(frozen=True)
class Need:
    """The actions of one statement, and on what: `scope` None is every resource."""

    part: Part
    scope: Scope
    actions: tuple[str, ...]


_CHANGES = ("up", "upgrade", "access grant", "access revoke", "access pause", "access resume")
_SESSIONS = (
    *("connect", "ssh", "ssh-proxy", "cp", "connect-bastion", "db connect", "db bootstrap", "db drop-user"),
    *("db shut-out", "db users", "db activity", "db kill"),
)
_DATABASE = ("db connect", "connect-bastion", "db token", "db users", "db activity", "db kill")
_SECRETS = (
    *("access revoke", "access resume", "access rotate", "access reveal", "doctor"),
    *("vendor check", "vendor credentials"),
)

EXTRAS: Final = (
    Extra("ec2:DescribeVpcs", "CloudFormation checks the value of a parameter of a VPC's type.", ("up", "upgrade")),
    Extra("ec2:DescribeSubnets", "CloudFormation checks the value of a parameter of a subnet's type.", _CHANGES),
    Extra("ec2:DescribeSecurityGroups", "CloudFormation checks a security group's parameter.", ("up", "upgrade")),
    Extra("ssmmessages:OpenDataChannel", "The data channel of a session is authorized on its own.", _SESSIONS, True),
    Extra("rds-db:connect", "The database asks IAM whether the token's user may sign in.", _DATABASE),
    Extra("kms:Decrypt", "The secret is encrypted with the stack's key.", _SECRETS),
)
"""Beside what the calls in the source show."""

_WHOLE: Final = dict.fromkeys(resource_types(), HANDLERS)
_GRANT: Final[Mapping[str, Sequence[str]]] = {
    "AWS::EKS::AccessEntry": HANDLERS,
    "AWS::IAM::ManagedPolicy": (READ, UPDATE),
    "AWS::Events::Rule": HANDLERS,
    "AWS::IAM::Policy": HANDLERS,
    "AWS::IAM::Role": (READ, UPDATE),
    "AWS::IAM::User": (READ, UPDATE),
    "AWS::KMS::Key": (READ, UPDATE),
    "AWS::SecretsManager::ResourcePolicy": HANDLERS,
    "AWS::SecretsManager::Secret": (READ, UPDATE),
    "AWS::Lambda::Function": (),
    "AWS::Lambda::Permission": HANDLERS,
}
_REMOVE: Final = dict.fromkeys(resource_types(), (READ, DELETE))
STACK_CHANGES: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "up": _WHOLE,
    "upgrade": _WHOLE,
    "down": _REMOVE,
    "engineers up": dict.fromkeys(("AWS::IAM::ManagedPolicy", "AWS::SSM::Document"), HANDLERS),
    "engineers down": dict.fromkeys(("AWS::IAM::ManagedPolicy", "AWS::SSM::Document"), (READ, DELETE)),
    **dict.fromkeys(("access grant", "access revoke", "access pause", "access resume"), _GRANT),
}
"""Verb -> resource type -> the handlers that its change of the stack may run, a rollback included."""

CUSTOM: Final = "lambda:InvokeFunction"
"""CloudFormation calls the keeper for the stack's custom resources, in every verb that changes the product's stack."""

OF_THE_PRODUCT: Final = frozenset(
    {
        *("ec2:DescribeInstances", "ec2:ModifyInstanceAttribute", "iam:GetRole", "iam:GetUser", "iam:ListAccessKeys"),
        *("lambda:GetFunctionConfiguration", "secretsmanager:DescribeSecret"),
        *("ssm:DescribeSessions", "ssm:TerminateSession"),
    }
)
"""What the source calls for any stack that is made or deleted, and what no engineers' stack has anything for."""

FEATURES: Final[Mapping[str, tuple[str, ...]]] = {
    "bastion-host": ("AWS::AutoScaling::AutoScalingGroup", "AWS::EC2::LaunchTemplate"),
    "eks": ("AWS::EKS::AccessEntry",),
    "support-user": (
        "AWS::IAM::AccessKey",
        "AWS::IAM::User",
        "AWS::IAM::RolePolicy",
        "AWS::Lambda::Permission",
        "AWS::SecretsManager::ResourcePolicy",
        "AWS::SecretsManager::RotationSchedule",
    ),
    "database": ("AWS::EC2::SecurityGroupIngress",),
}
"""What a stack may do without -> the resource types that only this needs."""


@cache
def _calls() -> Mapping[str, list[str]]:
    loaded: dict[str, list[str]] = json.loads(Path(__file__).with_name("verb_calls.json").read_text(encoding="utf-8"))
    loaded["ssh"] = sorted({*loaded["ssh"], *loaded["ssh-proxy"]})  # OpenSSH runs it as its ProxyCommand
    loaded["cp"] = sorted({*loaded["cp"], *loaded["ssh-proxy"]})
    return loaded


def verbs() -> tuple[str, ...]:
    """Every command about a stack that calls AWS, as it is typed."""
    return tuple(verb for verb in _calls() if verb != PUBLISH)


def parse_verbs(words: Iterable[str]) -> tuple[str, ...]:
    """The commands in these words: `up down`, `"access grant"`, `access grant`, `all`. Raises UsageError."""
    pending, chosen = " ".join(words).split(), list[str]()
    typed = {**{verb: (verb,) for verb in (*verbs(), PUBLISH)}, ALL: verbs(), PUBLISH.split()[0]: (PUBLISH,)}
    while pending:
        verb = next((v for v in (" ".join(pending[:2]), pending[0]) if v in typed), None)
        if verb is None:
            group = [each for each in verbs() if each.startswith(f"{pending[0]} ")]
            raise UsageError(
                f"There is no command {' '.join(pending[:2]) if group else pending[0]} that calls AWS.",
                f"Name one or more of: {', '.join(group or (*verbs(), PUBLISH, ALL))}",
                code="unknown-command",
            )
        chosen += typed[verb]
        pending = pending[len(verb.split()) :]
    return tuple(dict.fromkeys(chosen))


def call_actions(verb: str) -> frozenset[str]:
    """The IAM actions of what this program itself calls for a command."""
    called = frozenset(_calls()[verb]) - (OF_THE_PRODUCT if of_engineers(verb) else frozenset())
    return called | {extra.action for extra in EXTRAS if verb in extra.verbs}


def of_engineers(verb: str) -> bool:
    """Whether the command is about the engineers' stack, and not about the product's."""
    return verb.startswith("engineers ")


def stack_actions(verb: str, without: Iterable[str] = ()) -> frozenset[str]:
    """The IAM actions of the handlers that a command's change of the stack may run."""
    left_out = {each for feature in without for each in FEATURES[feature]}
    changed = STACK_CHANGES.get(verb, {})
    handlers = (handler_permissions(each, phases) for each, phases in changed.items() if each not in left_out)
    has_keeper = changed and not of_engineers(verb)
    return frozenset({CUSTOM} if has_keeper else ()).union(*handlers)


def needs(
    chosen: Sequence[str],
    without: Sequence[str] = (),
    *,
    service_role: bool = False,
    bucket: bool = False,
    signing_key: bool = False,
) -> tuple[Need, ...]:
    """What these commands need, one Need a statement, CloudFormation's part first.

    `service_role`, `bucket`: whether CloudFormation gets a role, and the template through a bucket. It reads that as
    the person (user guide, "Specify stack name and parameters"). `signing_key`: whether KMS signs.
    """
    handlers = frozenset[str]().union(*(stack_actions(verb, without) for verb in chosen))
    listed = list(_grouped(Part.HANDLERS, handlers, HANDLER_SCOPES))
    shared = {"iam:PassRole"} if service_role and handlers else set[str]()
    if bucket and {"up", "upgrade"} & set(chosen):
        shared |= {"s3:GetObject", "s3:PutObject"}
    if signing_key and set(SIGNING) & set(chosen):
        shared |= {"kms:GetPublicKey", "kms:Sign"}
    specials: dict[Scope, set[str]] = {}
    for verb in chosen:
        own = VERB_SCOPES.get(verb, ())
        special = call_actions(verb) & frozenset[str]().union(*(scope.actions for scope in own))
        for need in _grouped(Part.CALLS, special, own):
            specials.setdefault(need.scope, set()).update(need.actions)
        shared |= call_actions(verb) - special
    listed += [Need(Part.CALLS, scope, tuple(sorted(actions))) for scope, actions in specials.items()]
    return (*listed, *_grouped(Part.CALLS, frozenset(shared), CALL_SCOPES))


def _grouped(part: Part, actions: frozenset[str], scopes: Sequence[Scope]) -> tuple[Need, ...]:
    """Each action under the first scope that has it, the rest under one for every resource."""
    grouped: dict[Scope, set[str]] = defaultdict(set)
    for action in actions:
        grouped[next((scope for scope in scopes if action in scope.actions), REST[part])].add(action)
    ordered = [scope for scope in (*scopes, REST[part]) if scope in grouped]
    return tuple(Need(part, scope, tuple(sorted(grouped[scope]))) for scope in ordered)


REST: Final = {
    Part.HANDLERS: Scope(
        "MakeAndReadWhatHasNoName",
        "Make what gets its name only then, and read what IAM cannot narrow to one resource.",
        frozenset(),
        ANYWHERE,
    ),
    Part.CALLS: Scope(
        "Read",
        "Read what IAM cannot narrow to one resource, and whatever else may give access to the stack.",
        frozenset(),
        ANYWHERE,
    ),
}
"""The scope of actions that no list has."""
