"""Access that was stopped directly and of which the stack does not know yet: an update must not permit it again.

`access pause` and `revoke` act on the policies themselves and then bring the stack to agree. Where that second step did
not come about (the stack was busy, the command was interrupted), the stack's parameters still admit somebody, and any
update that writes one of those policies would undo the stop.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from functools import partial

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.model.change_set import Change
from generator.model.contract import Resource
from generator.model.policy import Policy, parse_policy
from generator.model.stack import Stack
from generator.operations.access.permission_summary import KEY_SID, ROLE_SID, SECRET_SID
from generator.operations.access.stack_access import access_of
from generator.operations.stack.support_grant import grant_after, paths

Values = Mapping[str, str]


def find(gateway: Gateway, stack: Stack, given: Values, changes: Collection[Change], now: datetime) -> frozenset[str]:
    """Logical ids of the policies that the changes write, would admit somebody by, and where that is stopped now.

    One call for each policy in question. One that may not be read counts as not stopped: whoever may not read it could
    not have it updated either.
    """
    touched = {change.logical_id for change in changes if not change.removes}
    return frozenset(
        name for name, sid, read in _admitting(gateway, stack, given, now) if name in touched and _lacks(read, sid)
    )


def _admitting(
    gateway: Gateway, stack: Stack, given: Values, now: datetime
) -> Iterator[tuple[str, str, Callable[[], Policy]]]:
    """The policies that admit somebody after the change: logical id, Sid of the statement, how to read it now."""
    access = access_of(stack)
    after, left = grant_after(given, stack.parameters, now), paths({**stack.parameters, **given})
    open_by = {path for path in left if after.live(now) and after.allows_path(path)}
    if "secret" in open_by and access.secret_arn:
        secret = partial(gateway.secretsmanager.get_resource_policy, access.secret_arn)
        yield Resource.SUPPORT_SECRET_POLICY, SECRET_SID, secret
        yield Resource.STACK_KEY, KEY_SID, partial(gateway.kms.get_key_policy, access.key_arn)
    if "role" in open_by and access.support_role and not after.paused:
        yield Resource.SUPPORT_ROLE, ROLE_SID, lambda: parse_policy(gateway.iam.get_trust(access.support_role))


def _lacks(read: Callable[[], Policy], sid: str) -> bool:
    try:
        return all(statement.sid != sid for statement in read().statements)
    except DeployerError:
        return False
