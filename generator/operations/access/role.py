"""The support role's brake: its trust shut and its older sessions refused, directly, before the stack says so too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from generator.errors import NotFound
from generator.gateway.aws import Gateway
from generator.model.grant import Grant
from generator.operations.access.record import Record
from generator.operations.access.sentences import ROLE_SID
from generator.policies.document import document, plain
from generator.policies.support import no_older_sessions
from generator.policies.trust import nobody_assumes

POLICY_NAME = "deepsql-support-ssm"
"""The role's inline policy in the template: the brake writes into it what the stack will write."""
CUT_SID = "NoOlderSessions"


def shut(gateway: Gateway, found: Record) -> bool:
    """Let nobody become the role; whether there is one."""
    if not found.support_role:
        return False
    try:
        gateway.iam.update_trust(found.support_role, cast(Mapping[str, object], plain(document([nobody_assumes()]))))
    except NotFound:
        return False
    return True


def narrow(gateway: Gateway, found: Record, after: Grant) -> bool:
    """Leave only the principals of `after` in the role's trust; whether there was such a statement."""
    if not found.support_role:
        return False
    trust = dict(gateway.iam.get_trust(found.support_role))
    listed = cast(list[dict[str, object]], trust.get("Statement", []))
    ours = [s for s in listed if s.get("Sid") == ROLE_SID]
    for statement in ours:
        statement["Principal"] = {"AWS": list(after.accounts)}
        conditions = cast(dict[str, dict[str, object]], statement["Condition"])
        conditions["ArnLike"]["aws:PrincipalArn"] = [p.pattern for p in after.principals]
    if ours:
        gateway.iam.update_trust(found.support_role, trust)
    return bool(ours)


def cut(gateway: Gateway, found: Record, moment: str) -> bool:
    """Refuse everything to sessions of the role begun before `moment` (UTC); whether there is a role."""
    if not found.support_role:
        return False
    try:
        policy = gateway.iam.get_role_policy(found.support_role, POLICY_NAME)
    except NotFound:
        return False
    listed = cast(list[Mapping[str, object]], policy.get("Statement", []))
    kept = [statement for statement in listed if statement.get("Sid") != CUT_SID]
    denied = plain(no_older_sessions(moment))
    gateway.iam.put_role_policy(found.support_role, POLICY_NAME, {**policy, "Statement": [*kept, denied]})
    return True
