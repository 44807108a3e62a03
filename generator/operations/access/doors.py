"""The policies that decide about entering, read from the services: the secret's, the key's, the support user's."""

from __future__ import annotations

from collections.abc import Callable

from generator.errors import AwsError, NotFound
from generator.gateway.aws import Gateway
from generator.model.access import AccessKey, Door, Session
from generator.model.grant import Grant
from generator.model.plan import Check
from generator.model.policy import PolicyStatement, statements
from generator.operations.access.grant import agrees
from generator.operations.access.record import Record
from generator.operations.access.sentences import KEY_SID, ROLE_SID, SECRET_SID, SUPPORT_SID

SECRET, KEY, USER, ROLE = "secret", "key", "support user", "support role"
SIDS = {SECRET: SECRET_SID, KEY: KEY_SID, ROLE: ROLE_SID}


def read_doors(gateway: Gateway, found: Record) -> tuple[Door, ...]:
    """Every door the stack has (a call for each); one that may not be read says why instead of failing."""
    doors = []
    if found.secret_arn:
        doors.append(_door(SECRET, lambda: gateway.secretsmanager.get_resource_policy(found.secret_arn)))
    if found.key_arn:
        doors.append(_door(KEY, lambda: gateway.kms.get_key_policy(found.key_arn)))
    if found.support_user:
        doors.append(_door(USER, lambda: _user_statements(gateway, found.support_user)))
    if found.support_role:
        doors.append(_door(ROLE, lambda: statements(gateway.iam.get_trust(found.support_role))))
    return tuple(doors)


def _user_statements(gateway: Gateway, user: str) -> tuple[PolicyStatement, ...]:
    return tuple(s for found in gateway.iam.user_policies(user).values() for s in found)


def _door(name: str, read: Callable[[], tuple[PolicyStatement, ...]]) -> Door:
    try:
        return Door(name, read())
    except NotFound:
        return Door(name, unreadable="it is not there")
    except AwsError as error:
        return Door(name, unreadable=error.message)


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
    return tuple(_check(door, found.grant) for door in read_doors(gateway, found))


def _check(door: Door, grant: Grant) -> Check:
    if door.unreadable:
        return Check(f"policy of the {door.name}", False, f"could not be read: {door.unreadable}")
    if door.name == USER:
        return _user_check(door, grant)
    holds = agrees(grant, door.statements, SIDS[door.name])
    return Check(f"policy of the {door.name}", holds, "as granted" if holds else "differs from the grant")


def _user_check(door: Door, grant: Grant) -> Check:
    ends = {s.until for s in door.statements if s.sid == SUPPORT_SID}
    holds = ends == {grant.until}
    return Check(f"policy of the {door.name}", holds, f"ends {grant.until_text or 'never'}" if holds else "other end")
