"""access revoke: the brake first (keys inactive), then the stack, so that it lasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from generator.errors import NotFound
from generator.gateway.aws import Gateway
from generator.model.access import AccessKey
from generator.model.grant import Grant
from generator.model.principal import Principal
from generator.operations.access import record
from generator.operations.access.grant import AccessPlan, plan_change
from generator.operations.access.record import Record


@dataclass(frozen=True)
class RevokeRequest:
    """Whom to lock out; nobody named means everybody."""

    principals: tuple[Principal, ...] = ()

    @property
    def everybody(self) -> bool:
        """Whether nobody shall be left."""
        return not self.principals


def left(found: Record, request: RevokeRequest, now: datetime) -> Grant:
    """The grant that remains. Pure. Raises NotFound for a principal the stack does not know."""
    if request.everybody:
        return found.grant.closed(now)
    unknown = [p for p in request.principals if p not in found.grant.principals]
    if unknown:
        there = ", ".join(p.arn for p in found.grant.principals) or "nobody"
        raise NotFound(
            f"The principal {unknown[0].arn} has no access to the stack {found.stack.name}; granted: {there}.",
            "See: deployer access show",
            code="not-granted",
        )
    return found.grant.without(request.principals, now)


def brake(gateway: Gateway, found: Record) -> tuple[AccessKey, ...]:
    """Make every active key of the support user inactive; works while the stack is busy. The keys that were."""
    if not found.support_user:
        return ()
    try:
        keys = [key for key in gateway.iam.list_access_keys(found.support_user) if key.active]
    except NotFound:
        return ()
    for key in keys:
        gateway.iam.update_access_key(key, active=False)
    return tuple(keys)


def plan_revoke(gateway: Gateway, request: RevokeRequest, found: Record) -> AccessPlan:
    """Plan the durable part: the grant without them, as parameters of the stack."""
    record.require_grantable(found)
    return plan_change(gateway, found, left(found, request, datetime.now(UTC)))
