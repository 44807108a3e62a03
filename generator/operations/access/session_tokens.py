"""Temporary credentials that somebody made with the support user's key: they outlive the key by up to 36 hours.

GetSessionToken is denied to the user, but a person may have changed that meanwhile. Only a Deny by `aws:TokenIssueTime`
refuses what was issued before (IAM user guide, "Disabling permissions for temporary security credentials"). An access
key has no such time, so the statement does not touch it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import cast

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.model.duration import END_FORMAT, parse_end
from generator.model.policy import Policy, PolicyStatement
from generator.operations.access import policy_edit
from generator.operations.access.readings import read
from generator.operations.access.role import CUT_SID, POLICY_NAME
from generator.operations.access.stack_access import StackAccess
from generator.policies.document import plain
from generator.policies.support import no_older_sessions

ISSUED_BEFORE = ("DateLessThan", "aws:TokenIssueTime")


def cut(gateway: Gateway, access: StackAccess, moment: datetime) -> str:
    """Refuse everything to credentials issued before `moment` (UTC), in the user's own policy; what was done, in words.

    Raises what reading the policy raises: one that nobody has read is not overwritten, others need it.
    """
    user, text = access.support_user, moment.strftime(END_FORMAT)
    stood = read("iam:GetUserPolicy", lambda: gateway.iam.get_user_policy(user, POLICY_NAME))
    if stood.value is None and not stood.gone:
        raise DeployerError(
            f"The policy {POLICY_NAME} of {user} was not changed, as it could not be read: {stood.detail}",
            f"Use credentials that have {stood.permission}" if stood.permission else stood.hint,
            code="policy-unread",
        )
    denied = cast(Mapping[str, object], plain(no_older_sessions(text)))
    gateway.iam.put_user_policy(user, POLICY_NAME, policy_edit.replaced(stood.value or {}, CUT_SID, denied))
    return f"those issued before {text} are refused"


def refused_before(policies: Iterable[Policy]) -> datetime | None:
    """The latest time before which issued credentials are refused everything; None where no statement does that. Pure.

    Such a statement has this one condition: with another it might not hold.
    """
    times = (_refused_before(s) for policy in policies for s in policy.statements)
    return max((time for time in times if time is not None), default=None)


def _refused_before(statement: PolicyStatement) -> datetime | None:
    is_whole = (statement.effect, statement.actions, statement.resources) == ("Deny", ("*",), ("*",))
    if not is_whole or statement.inverted or set(statement.conditions) != {ISSUED_BEFORE}:
        return None
    values = statement.conditions[ISSUED_BEFORE]
    return parse_end(values[0]) if len(values) == 1 else None
