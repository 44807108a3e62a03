"""The policies that decide about access, as AWS has them now: what each says, or why it could not be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from generator.gateway.aws import Gateway
from generator.model.policy import Policy, parse_policy
from generator.model.reading import Reading
from generator.operations.access.readings import absent, read
from generator.operations.access.stack_access import StackAccess

T = TypeVar("T")
NO_USER, NO_ROLE = "there is no support user", "there is no support role"
USER_READS = "iam:ListUserPolicies, iam:GetUserPolicy, iam:ListAttachedUserPolicies, iam:GetPolicyVersion"
ROLE_READS = "iam:ListRolePolicies, iam:GetRolePolicy, iam:ListAttachedRolePolicies, iam:GetPolicyVersion"


@dataclass(frozen=True)
class LivePolicies:
    """Those of the secret and of the key, the role's trust, and what user and role may do (inline and managed)."""

    secret: Reading[Policy]
    key: Reading[Policy]
    user: Reading[tuple[Policy, ...]]
    trust: Reading[Policy]
    role: Reading[tuple[Policy, ...]]


def read_policies(gateway: Gateway, access: StackAccess) -> LivePolicies:
    """Read each policy the stack has. Never raises for what AWS answers."""
    iam, user, role = gateway.iam, access.support_user, access.support_role
    return LivePolicies(
        secret=_read(
            "secretsmanager:GetResourcePolicy",
            "" if access.secret_arn else "there is no support secret",
            lambda: gateway.secretsmanager.get_resource_policy(access.secret_arn),
        ),
        key=_read(
            "kms:GetKeyPolicy",
            "" if access.key_arn else "the stack has no key of its own",
            lambda: gateway.kms.get_key_policy(access.key_arn),
        ),
        user=_read(
            USER_READS,
            "" if user else NO_USER,
            lambda: _all(iam.user_policies(user), iam.attached_user_policies(user)),
        ),
        trust=_read("iam:GetRole", "" if role else NO_ROLE, lambda: parse_policy(iam.get_trust(role))),
        role=_read(
            ROLE_READS,
            "" if role else NO_ROLE,
            lambda: _all(iam.role_policies(role), iam.attached_role_policies(role)),
        ),
    )


def _read(asked: str, lacks: str, ask: Callable[[], T]) -> Reading[T]:
    return absent(asked, lacks) if lacks else read(asked, ask)


def _all(inline: Mapping[str, Policy], attached: Mapping[str, Policy]) -> tuple[Policy, ...]:
    """Both kinds. An inline policy may bear the name of a managed one: neither hides the other."""
    return (*inline.values(), *attached.values())
