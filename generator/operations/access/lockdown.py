"""Closing doors directly, without waiting for the stack: the secret's policy, the key's policy, live sessions.

A policy that cannot be read, or is not as the template made it, is no reason to leave it open.
"""

from __future__ import annotations

from collections.abc import Callable

from generator.errors import DeployerError, NotFound
from generator.gateway.aws import Gateway
from generator.model.arn import Arn
from generator.model.contract import DocumentKind, document_name
from generator.model.grant import Grant
from generator.model.policy import Policy, read_document
from generator.model.session import Session
from generator.operations.access import policy_edit
from generator.operations.access.permission_summary import KEY_SID, SECRET_SID
from generator.operations.access.readings import read
from generator.operations.access.stack_access import StackAccess
from generator.operations.clock import SYSTEM, Clock
from generator.operations.polling import looks

SESSION_SECONDS = 60.0


def close_secret(gateway: Gateway, access: StackAccess) -> str:
    """Take the support secret's policy away whole, statements made by hand too; what was done, in words."""
    secrets, arn = gateway.secretsmanager, access.secret_arn
    current = read("secretsmanager:GetResourcePolicy", lambda: secrets.get_resource_policy(arn))
    if current.gone or current.value == Policy():
        return "there was none"
    try:
        secrets.delete_resource_policy(arn)
    except NotFound:
        return "the secret is gone"
    return ", ".join(s.name for s in current.value.statements) if current.value else "removed without being read"


def restrict_secret(gateway: Gateway, access: StackAccess, after: Grant) -> str:
    """Leave only the principals of `after` in the vendor's statement of the secret's policy; what was done, in words.

    A policy that cannot be read goes whole, and a vendor's statement that is not as the template makes it. The stack's
    update writes the statement anew for those who stay.
    """
    secrets, arn = gateway.secretsmanager, access.secret_arn
    text = read("secretsmanager:GetResourcePolicy", lambda: secrets.get_resource_policy_text(arn))
    if text.gone:
        return "the secret is gone"
    if text.value is not None and read_document(text.value) is not None:
        if not policy_edit.has_sid(text.value, SECRET_SID):
            return "it has no statement for the vendor"
        if left := policy_edit.restricted(text.value, SECRET_SID, after):
            secrets.put_resource_policy(arn, left)
            return "their principals are removed"
    secrets.delete_resource_policy(arn)
    return "removed as a whole: it could not be edited"


def close_key(gateway: Gateway, access: StackAccess) -> str:
    """Take the vendor's statement out of the key's policy and leave all others; what was done, in words.

    Raises what reading raises: a key's policy that nobody has read is not overwritten, its key could be lost.
    """
    try:
        document = gateway.kms.get_key_policy_document(access.key_arn)
    except NotFound:
        return "the key is gone"
    if not policy_edit.has_sid(document, KEY_SID):
        return "it has no statement for the vendor"
    gateway.kms.put_key_policy(access.key_arn, policy_edit.without(document, KEY_SID) or {})
    return "the vendor's statement is removed"


def vendor_sessions(gateway: Gateway, access: StackAccess) -> tuple[Session, ...]:
    """Live sessions of the support user and of the support role, on whatever instance; nobody else's."""
    return tuple(session for session in gateway.ssm.list_sessions() if owned(session, access))


def owned(session: Session, access: StackAccess) -> bool:
    """Whether the session is the vendor's: of the support user, or of a session of the support role. Pure."""
    kind, name = owner_of(session)
    return bool(name) and (kind, name) in {("user", access.support_user), ("assumed-role", access.support_role)}


def owner_of(session: Session) -> tuple[str, str]:
    """Kind and name of who started it: user, or assumed-role with the role's name; other kinds as they stand. Pure."""
    owner = Arn.find(session.owner) or Arn("", "", "", "", session.owner)
    return owner.kind, owner.last_name if owner.kind == "user" else owner.name.split("/")[0]


def near(session: Session, access: StackAccess) -> bool:
    """Whether it is a session on the stack's instance, or by one of the stack's documents. Pure."""
    instance = access.instance_id
    documents = {document_name(kind, instance) for kind in DocumentKind}
    return bool(instance) and (session.target == instance or session.document in documents)


def end_sessions(
    gateway: Gateway, access: StackAccess, clock: Clock = SYSTEM
) -> tuple[tuple[Session, ...], tuple[Session, ...]]:
    """End the vendor's live sessions and look until they are gone; which they were, and which are still there."""
    return end(gateway, lambda: vendor_sessions(gateway, access), clock)


def end(
    gateway: Gateway, look: Callable[[], tuple[Session, ...]], clock: Clock = SYSTEM
) -> tuple[tuple[Session, ...], tuple[Session, ...]]:
    """End the live sessions that `look` finds, and look until they are gone; which they were, and which still are.

    Raises what listing them raises; and what ending raises, where not one could be ended. What a session has put into
    the background goes on: ending a session ends its terminal, not every process.
    """
    were = left = look()

    def end_them() -> tuple[Session, ...]:
        _terminate(gateway, left)
        return look()

    for left in looks(gateway, end_them, SESSION_SECONDS, clock) if were else ():
        if not left:
            break
    return were, left


def _terminate(gateway: Gateway, sessions: tuple[Session, ...]) -> None:
    """Ask for the end of each, also after one was refused. Raises the first refusal when all were."""
    refused = []
    for session in sessions:
        try:
            gateway.ssm.terminate_session(session.session_id)
        except DeployerError as error:
            refused.append(error)
    if refused and len(refused) == len(sessions):
        raise refused[0]
