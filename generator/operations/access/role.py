"""The support role's emergency stop: its trust closed and its older sessions refused, before the stack is updated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from generator.errors import NotFound
from generator.gateway.aws import Gateway
from generator.model.grant import Grant
from generator.model.policy import read_document
from generator.operations.access import policy_edit
from generator.operations.access.permission_summary import ROLE_SID
from generator.operations.access.readings import read
from generator.operations.access.stack_access import StackAccess
from generator.policies.document import document, plain
from generator.policies.support import no_older_sessions
from generator.policies.trust import nobody_assumes

POLICY_NAME = "deepsql-support-ssm"
"""The role's inline policy in the template: the emergency stop writes into it what the stack will write."""
CUT_SID = "NoOlderSessions"


def shut(gateway: Gateway, access: StackAccess) -> bool:
    """Let nobody become the role; whether there is one."""
    if not access.support_role:
        return False
    try:
        gateway.iam.update_trust(access.support_role, cast(Mapping[str, object], plain(document([nobody_assumes()]))))
    except NotFound:
        return False
    return True


def restrict(gateway: Gateway, access: StackAccess, after: Grant) -> str:
    """Leave only the principals of `after` in the vendor's statement of the role's trust; what was done, in words.

    A trust that cannot be read is shut, and a vendor's statement that is not as the template makes it goes whole. The
    stack's update writes the statement anew for those who stay.
    """
    role = access.support_role
    trust = read("iam:GetRole", lambda: gateway.iam.get_trust(role))
    if trust.gone:
        return "the role is gone"
    if trust.value is not None and read_document(trust.value) is not None:
        if not policy_edit.has_sid(trust.value, ROLE_SID):
            return "it has no statement for the vendor"
        if left := policy_edit.restricted(trust.value, ROLE_SID, after):
            gateway.iam.update_trust(role, left)
            return "their principals are removed"
    return "closed to everybody: it could not be edited" if shut(gateway, access) else "the role is gone"


def cut(gateway: Gateway, access: StackAccess, moment: str) -> bool:
    """Refuse everything to sessions of the role begun before `moment` (UTC); whether there is a role.

    What else stands in the role's inline policy stays, if it can be read.
    """
    role = access.support_role
    if not role:
        return False
    stood = read("iam:GetRolePolicy", lambda: gateway.iam.get_role_policy(role, POLICY_NAME))
    denied = cast(Mapping[str, object], plain(no_older_sessions(moment)))
    try:
        gateway.iam.put_role_policy(role, POLICY_NAME, policy_edit.replaced(stood.value or {}, CUT_SID, denied))
    except NotFound:
        return False
    return True
