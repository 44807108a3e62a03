"""Who is let in to a stack that is being deleted, and what of that was there when its deletion was over.

The deletion ends all that the stack made: the instance with its sessions, the support user with its keys, the role. It
proves nothing about what others made: that is a revocation's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime

from generator.gateway.aws import Gateway
from generator.model.contract import Resource
from generator.model.down import AccessBefore
from generator.model.stack import Stack, StackResource
from generator.model.up import AccessLoss, Check, SupportIdentity
from generator.operations.access.readings import read
from generator.operations.access.stack_access import access_of
from generator.operations.stack import end_access


def find(
    gateway: Gateway, stack: Stack, live: Collection[StackResource], retain: frozenset[str], now: datetime
) -> AccessBefore | None:
    """Who has access by the stack's record, and what support has open (one call); None without user and role.

    `live` are the resources that are there, `retain` those that stay.
    """
    ids = {r.logical_id: r.physical_id for r in live if r.logical_id not in retain}
    kinds = end_access.KINDS
    holders = tuple(SupportIdentity(kinds[name], ids[name], removed=True) for name in kinds if name in ids)
    if not holders:
        return None
    access = access_of(stack)
    return AccessBefore(
        granted=tuple(principal.arn for principal in access.grant.live(now)),
        until=access.grant.until_text,
        leaving=end_access.look(gateway, holders),
        revoke=gateway.commands.deployer("access", "revoke", "--all"),
        key=access.key_arn,
        secret=ids.get(Resource.SUPPORT_SECRET, ""),
        instance_id=ids.get(Resource.INSTANCE, ""),
        database=access.database,
    )


def check(gateway: Gateway, before: AccessBefore | None) -> tuple[Check, ...]:
    """Ask for what was there whether it is gone, and end what is open all the same. Never raises for AWS's answers."""
    if before is None:
        return ()
    return (*_gone(gateway, before), *_no_session(gateway, before.leaving))


def _gone(gateway: Gateway, before: AccessBefore) -> Iterator[Check]:
    exists = {"user": gateway.iam.user_exists, "role": gateway.iam.role_exists}
    asked = {"user": "iam:GetUser", "role": "iam:GetRole"}
    for holder in before.leaving.holders:
        subject = f"support {holder.kind} {holder.name}"
        yield _is_gone(subject, asked[holder.kind], lambda h=holder: exists[h.kind](h.name))  # type: ignore[misc]
    if before.secret:
        gone = "secretsmanager:DescribeSecret"
        yield _is_gone("support secret", gone, lambda: gateway.secretsmanager.secret_exists(before.secret))


def _is_gone(subject: str, asked: str, exists: Callable[[], bool]) -> Check:
    answer = read(asked, exists)
    if answer.value is None:
        return Check(subject, answer.gone, "gone" if answer.gone else f"not known, as {asked} failed: {answer.detail}")
    return Check(subject, not answer.value, "still exists" if answer.value else "gone")


def _no_session(gateway: Gateway, leaving: AccessLoss) -> tuple[Check, ...]:
    checks = read("ssm:DescribeSessions", lambda: end_access.check(gateway, leaving))
    return checks.value or (Check("live sessions of support", False, f"not known: {checks.detail}"),)
