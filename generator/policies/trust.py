"""Who may assume the stack's roles: their trust policies."""

from __future__ import annotations

import awacs.sts as sts
from awacs.aws import (
    Allow,
    ArnLike,
    AWSPrincipal,
    Condition,
    ConditionElement,
    Deny,
    Principal,
    Statement,
    StringEquals,
)

from generator.policies.document import BriefStatement, Document, NotBefore, Value, before, document


def service_assumes(sid: str, service: Value) -> Document:
    """The trust policy of a role that one AWS service uses."""
    return document(
        [BriefStatement(Sid=sid, Effect=Allow, Principal=Principal("Service", service), Action=[sts.AssumeRole])]
    )


def vendor_assumes(
    accounts: Value, principals: Value, external_id: Value, until: Value, not_before: Value
) -> Statement:
    """The vendor's principals may assume the role with the external ID, until the end and not before a time.

    `not_before` is a whole operand or an intrinsic function giving one or none. The source identity is the
    person's name, which CloudTrail keeps through the session.
    """
    conditions: list[ConditionElement] = [
        ArnLike("aws:PrincipalArn", principals),
        StringEquals("sts:ExternalId", external_id),
        *before(until),
        NotBefore(not_before),
    ]
    return BriefStatement(
        Sid="VendorAssumes",
        Effect=Allow,
        Principal=AWSPrincipal(accounts),
        Action=[sts.AssumeRole, sts.SetSourceIdentity],
        Condition=Condition(conditions),
    )


def nobody_assumes() -> Statement:
    """The trust statement of a role without a grant: a role must have a trust policy, which may deny everyone."""
    return BriefStatement(Sid="NobodyAssumes", Effect=Deny, Principal=AWSPrincipal("*"), Action=[sts.AssumeRole])
