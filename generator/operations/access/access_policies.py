"""The policies that decide about entering, read from the services: the secret's, the key's, the support user's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from generator.errors import NotFound
from generator.gateway.aws import Gateway
from generator.model.access import AccessKey, AccessPolicy
from generator.model.grant import Grant
from generator.model.plan import Check
from generator.model.policy import Policy, PolicyStatement
from generator.model.reading import Reading
from generator.model.session import Session
from generator.operations.access.grant import agrees
from generator.operations.access.live_policies import read_policies
from generator.operations.access.permission_summary import (
    AS_ROLE,
    DOCUMENTS_SID,
    KEY_SID,
    ROLE_SID,
    SECRET_SID,
    SUPPORT_SID,
    is_bounded,
)
from generator.operations.access.stack_access import Record

SECRET, KEY, USER, ROLE, RIGHTS = "secret", "key", "support user", "support role", "support role's rights"
GONE = "it is not there"
HOLDERS = (USER, RIGHTS)
"""Those have several policies each: an inline one of their own, and a managed one that both share."""
SIDS = {SECRET: SECRET_SID, KEY: KEY_SID, ROLE: ROLE_SID}


def read_doors(gateway: Gateway, found: Record) -> tuple[AccessPolicy, ...]:
    """Every door the stack has (a call for each); one that may not be read says why instead of failing."""
    live = read_policies(gateway, found)
    return (
        *_doors(SECRET, live.secret),
        *_doors(KEY, live.key),
        *_doors(USER, live.user),
        *_doors(ROLE, live.trust),
        *_doors(RIGHTS, live.role),
    )


def _doors(name: str, reading: Reading[Policy] | Reading[tuple[Policy, ...]]) -> list[AccessPolicy]:
    """A door for each policy; one without statements where there is none, or where they may not be read."""
    if reading.absent:
        return []
    if reading.value is None:
        return [AccessPolicy(name, unreadable=GONE if reading.gone else reading.detail)]
    found = reading.value if isinstance(reading.value, tuple) else (reading.value,)
    return [AccessPolicy(name, p.statements, "; ".join(p.problems), p.name) for p in found] or [AccessPolicy(name)]


def bounded(doors: Iterable[AccessPolicy]) -> tuple[PolicyStatement, ...]:
    """The statements of user and role that a grant opens and an end closes, from all their policies together. Pure."""
    return tuple(s for door in doors if door.name in HOLDERS for s in door.statements if is_bounded(s))


def ends(doors: Iterable[AccessPolicy]) -> tuple[datetime | None, ...]:
    """The ends that stand in the policies themselves, each once, earliest first; None where there is none. Pure."""
    said = [s for door in doors if door.name in SIDS for s in door.statements if s.sid == SIDS[door.name]]
    found = {s.until for s in (*said, *bounded(doors))}
    return (*sorted(end for end in found if end is not None), *({None} & found))


def read_keys(gateway: Gateway, found: Record) -> tuple[AccessKey, ...]:
    """The support user's keys with their last use; none when there is no user."""
    if not found.support_user:
        return ()
    try:
        keys = gateway.iam.list_access_keys(found.support_user)
    except NotFound:
        return ()
    return tuple(gateway.iam.get_access_key_last_used(key) for key in keys)


def live_sessions(gateway: Gateway, found: Record) -> tuple[Session, ...]:
    """Sessions on the stack's instance that are open now, whoever opened them."""
    return tuple(gateway.ssm.list_sessions(target=found.instance_id)) if found.instance_id else ()


def verify(gateway: Gateway, found: Record) -> tuple[Check, ...]:
    """Whether each door, read back, says what the stack records."""
    doors = read_doors(gateway, found)
    grant = found.grant if found.secret_arn else replace(found.grant, via="role")  # without a secret nothing is read
    single = (_check(door, grant) for door in doors if door.name not in HOLDERS)
    there = {door.name for door in doors}
    held = (_rights_check(name, doors, found.grant) for name in HOLDERS if name in there)
    return (*single, *held)


def _check(door: AccessPolicy, grant: Grant) -> Check:
    if door.unreadable:
        return Check(f"policy of the {door.name}", False, f"could not be read: {door.unreadable}")
    holds = agrees(grant, door.statements, SIDS[door.name])
    return Check(f"policy of the {door.name}", holds, "as granted" if holds else "differs from the grant")


def _rights_check(name: str, doors: Iterable[AccessPolicy], grant: Grant) -> Check:
    """Instance and documents are named in different policies, and without either nobody gets in."""
    theirs = [door for door in doors if door.name == name]
    subject = f"policies of the {name}"
    if unreadable := next((door.unreadable for door in theirs if door.unreadable), ""):
        return Check(subject, False, f"could not be read: {unreadable}")
    rights = bounded(theirs)
    missing = {SUPPORT_SID, DOCUMENTS_SID} - {s.sid.removesuffix(AS_ROLE) for s in rights}
    if missing:
        return Check(subject, False, f"lack {', '.join(sorted(missing))}")
    holds = {s.until for s in rights} == {grant.until}
    return Check(subject, holds, f"end {grant.until_text or 'never'}" if holds else "end at another time")
