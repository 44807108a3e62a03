"""The negative checks at the end of a revocation: each asks a service, and says what came back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from generator.errors import AwsError, NotFound
from generator.model.access import Door
from generator.model.contract import GRANT_PARAMETERS, TAG_KEY, TAG_VALUE
from generator.model.duration import END_FORMAT
from generator.model.evidence import Evidence
from generator.model.policy import account_of
from generator.operations.access import closing, doors, key

if TYPE_CHECKING:
    from generator.operations.access.revoke import Revocation

AGAIN = "deployer access revoke, the same command again"


def said(step: str, asked: str, answered: str, proven: bool | None, left: str = "") -> Evidence:
    """Evidence as of now."""
    return Evidence(step, asked, answered, datetime.now(UTC), proven, "" if proven else left)


def keys_are_dead(r: Revocation) -> Evidence:
    """No key of the user can be used; or, where others stay, the old one is gone."""
    keys = key.list_keys(r.gateway, r.found.support_user)
    bad = [k for k in keys if k.active] if r.everybody else [k for k in keys if r.old and k.key_id == r.old.key_id]
    shown = ", ".join(f"{k.key_id} {k.status}" for k in keys) or "no keys"
    return said("no key of theirs is left", "iam:ListAccessKeys", shown, not bad, AGAIN)


def old_key_is_refused(r: Revocation) -> Evidence:
    """The one real proof: AWS is asked with the old key itself."""
    asked = "sts:GetCallerIdentity, with the old key"
    if r.old is None:
        return said("old key refused", asked, "the old key is not known here", None)
    check = key.dead_check(r.gateway, r.old, r.sleep)
    return said("old key refused", asked, check.answer, check.holds, AGAIN)


def secret_is_closed(r: Revocation) -> Evidence:
    """Nobody outside the account may read the secret; or, where others stay, exactly those."""
    return _door(r, doors.SECRET, "secretsmanager:GetResourcePolicy")


def key_is_closed(r: Revocation) -> Evidence:
    """Nobody outside the account may decrypt; or, where others stay, exactly those."""
    return _door(r, doors.KEY, "kms:GetKeyPolicy")


def _door(r: Revocation, name: str, asked: str) -> Evidence:
    door = next((d for d in doors.read_doors(r.gateway, r.found) if d.name == name), Door(name))
    step = f"policy of the {name}"
    if door.unreadable == doors.GONE:
        return said(step, asked, "it is gone", True)
    if door.unreadable:
        return said(step, asked, door.unreadable, False, f"Read it with credentials that may: {asked}")
    theirs = {p.pattern for p in r.after.principals}
    if any(set(s.principal_arns) - theirs for s in door.statements if s.allows):
        return said(step, asked, "still names who was locked out", False, AGAIN)
    outside = closing.outsiders(door.statements, r.found.stack.account)
    strange = [p for p in outside if account_of(p) not in r.after.accounts]
    hint = f"Take this out of the policy of the {name} by hand: {', '.join(strange)}"
    return said(step, asked, f"lets in: {', '.join(outside) or 'nobody outside'}", not strange, hint)


def role_is_closed(r: Revocation) -> Evidence:
    """Nobody outside the account may become the role; or, where others stay, exactly those."""
    return _door(r, doors.ROLE, "iam:GetRole")


def older_role_sessions_are_refused(r: Revocation) -> Evidence:
    """IAM's own evaluation for a session that was begun before the cut."""
    asked, step = "iam:SimulatePrincipalPolicy, ssm:StartSession in an older session", "older role sessions are refused"
    stack = r.found.stack
    if not r.found.support_role:
        return said(step, asked, "there is no role", True)
    before = datetime.now(UTC).replace(year=datetime.now(UTC).year - 1).strftime(END_FORMAT)
    context = (("aws:TokenIssueTime", "date", before),)
    instance = f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}:instance/{r.found.instance_id}"
    try:
        decision = r.gateway.iam.simulate(r.found.role_arn, "ssm:StartSession", instance, context)
    except NotFound:
        return said(step, asked, "the role is gone", True)
    except AwsError as error:
        return said(step, asked, error.message, None)
    return said(step, asked, decision, decision == "explicitDeny", AGAIN)


def support_policy_is_over(r: Revocation) -> Evidence:
    """Whoever still had the key could start nothing: every right of user and role has its end in the past."""
    asked, step = "iam:GetUserPolicy, iam:GetRolePolicy, iam:GetPolicyVersion", "end of the support policies"
    if not r.everybody:
        return said(step, asked, "others stay, so they do not end now", None)
    if any(name not in r.found.stack.parameters for name in GRANT_PARAMETERS):
        return said(step, asked, "the stack's template knows no ends", None)
    theirs = [door for door in doors.read_doors(r.gateway, r.found) if door.name in doors.HOLDERS]
    closed = next((d.unreadable for d in theirs if d.unreadable not in ("", doors.GONE)), "")
    if closed:
        return said(step, asked, closed, False, f"Read them with credentials that may: {asked}")
    rights = doors.bounded(theirs)
    over = all(s.until is not None and s.until <= datetime.now(UTC) for s in rights)
    shown = ", ".join(sorted({f"{s.until:{END_FORMAT}}" if s.until else f"{s.sid} has no end" for s in rights}))
    return said(step, asked, shown or "no such policy", over, AGAIN)


def a_session_would_be_refused(r: Revocation) -> Evidence:
    """IAM's own evaluation of the policies in force, with the most favourable request."""
    asked = "iam:SimulatePrincipalPolicy, ssm:StartSession on the instance"
    stack, step = r.found.stack, "a new session would be refused"
    if not r.everybody or not r.found.support_user:
        return said(step, asked, "others stay" if r.found.support_user else "there is no support user", None)
    user = f"arn:{stack.partition}:iam::{stack.account}:user/{r.found.support_user}"
    instance = f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}:instance/{r.found.instance_id}"
    context = (
        (f"ssm:resourceTag/{TAG_KEY}", "string", TAG_VALUE),
        ("ssm:SessionDocumentAccessCheck", "boolean", "true"),
        ("aws:CurrentTime", "date", datetime.now(UTC).strftime(END_FORMAT)),
    )
    try:
        decision = r.gateway.iam.simulate(user, "ssm:StartSession", instance, context)
    except NotFound:
        return said(step, asked, "the support user is gone", True)
    except AwsError as error:
        return said(step, asked, error.message, None)
    return said(step, asked, decision, decision != "allowed", AGAIN)


def no_session_is_open(r: Revocation) -> Evidence:
    """TerminateSession answers success for anything, so only this counts."""
    still = closing.vendor_sessions(r.gateway, r.found)
    shown = ", ".join(s.session_id for s in still) or "no session of the support user"
    return said("no session is open", "ssm:DescribeSessions (Active)", shown, not still, AGAIN)


ALL: tuple[Callable[[Revocation], Evidence], ...] = (
    keys_are_dead,
    old_key_is_refused,
    secret_is_closed,
    key_is_closed,
    role_is_closed,
    older_role_sessions_are_refused,
    support_policy_is_over,
    a_session_would_be_refused,
    no_session_is_open,
)
