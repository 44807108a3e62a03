"""Closing doors directly, without waiting for the stack: the secret's policy, the key's policy, live sessions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping

from generator.errors import NotFound
from generator.gateway.aws import Gateway
from generator.model.access import Session
from generator.model.grant import Grant
from generator.model.policy import PolicyStatement, account_of
from generator.operations.access.record import Record
from generator.operations.access.sentences import KEY_SID, SECRET_SID
from generator.operations.polling import Clock, looks

Sleep = Callable[[float], None]
SESSION_SECONDS = 60.0


def close_secret(gateway: Gateway, found: Record) -> tuple[PolicyStatement, ...]:
    """Take the support secret's policy away whole, statements made by hand too; what stood in it."""
    try:
        stood = gateway.secretsmanager.get_resource_policy(found.secret_arn) if found.secret_arn else ()
    except NotFound:
        return ()
    if stood:
        gateway.secretsmanager.delete_resource_policy(found.secret_arn)
    return stood


def narrow_secret(gateway: Gateway, found: Record, after: Grant) -> bool:
    """Leave only the principals of `after` in the vendor's statement of the secret's policy; whether it was there."""
    document = json.loads(gateway.secretsmanager.get_resource_policy_text(found.secret_arn) or "{}")
    ours = [s for s in document.get("Statement", []) if isinstance(s, dict) and s.get("Sid") == SECRET_SID]
    for statement in ours:
        statement["Principal"] = {"AWS": list(after.accounts)}
        statement["Condition"]["ArnLike"]["aws:PrincipalArn"] = [p.pattern for p in after.principals]
    if ours:
        gateway.secretsmanager.put_resource_policy(found.secret_arn, document)
    return bool(ours)


def close_key(gateway: Gateway, found: Record) -> bool:
    """Take the vendor's statement out of the key's policy and leave all others; whether it was there."""
    if not found.key_arn:
        return False
    try:
        document = gateway.kms.get_key_policy_document(found.key_arn)
    except NotFound:
        return False
    raw = document.get("Statement", [])
    listed = raw if isinstance(raw, list) else [raw]
    kept = [item for item in listed if not (isinstance(item, Mapping) and item.get("Sid") == KEY_SID)]
    if len(kept) == len(listed):
        return False
    gateway.kms.put_key_policy(found.key_arn, {**document, "Statement": kept})
    return True


def outsiders(found: Iterable[PolicyStatement], account: str) -> tuple[str, ...]:
    """Principals of other accounts (or everyone) that these statements let in; services of AWS are none. Pure."""
    principals = (p for s in found if s.allows for p in s.principals)
    return tuple(sorted({p for p in principals if account_of(p) != account and ".amazonaws.com" not in p}))


def vendor_sessions(gateway: Gateway, found: Record) -> tuple[Session, ...]:
    """Live sessions of the support user and of the support role, on whatever instance; nobody else's."""
    return tuple(session for session in gateway.ssm.list_sessions() if owned(session, found))


def owned(session: Session, found: Record) -> bool:
    """Whether the session is the vendor's: of the support user, or of a session of the support role. Pure."""
    kind, _, rest = session.owner.split(":", 5)[-1].partition("/")
    name = rest.rsplit("/", 1)[-1] if kind == "user" else rest.split("/")[0]
    return bool(name) and (kind, name) in {("user", found.support_user), ("assumed-role", found.support_role)}


def end_sessions(
    gateway: Gateway, found: Record, sleep: Sleep = time.sleep
) -> tuple[tuple[Session, ...], tuple[Session, ...]]:
    """End the vendor's live sessions and look until they are gone; which they were, and which are still there.

    What a session has put into the background goes on: ending a session ends its terminal, not every process.
    """
    were = left = vendor_sessions(gateway, found)

    def end() -> tuple[Session, ...]:
        for session in left:
            gateway.ssm.terminate_session(session.session_id)
        return vendor_sessions(gateway, found)

    for left in looks(gateway, end, SESSION_SECONDS, Clock(sleep)) if were else ():
        if not left:
            break
    return were, left
