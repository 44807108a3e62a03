"""The policies that decide about entering, read from the services: the secret's, the key's, the support user's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from generator.gateway.aws import Gateway
from generator.model.access import AccessKey, AccessPolicy
from generator.model.grant import Grant
from generator.model.policy import Policy, PolicyStatement
from generator.model.reading import Reading
from generator.model.up import Check
from generator.operations.access.live_policies import NO_USER, LivePolicies
from generator.operations.access.permission_summary import (
    AS_ROLE,
    DOCUMENTS_SID,
    KEY_SID,
    ROLE_SID,
    SECRET_SID,
    SUPPORT_SID,
    agrees,
    is_bounded,
)
from generator.operations.access.readings import absent, read
from generator.operations.access.stack_access import StackAccess

SECRET, KEY, USER, ROLE, RIGHTS = "secret", "key", "support user", "support role", "support role's rights"
GONE = "it does not exist"
HOLDERS = (USER, RIGHTS)
"""Those have several policies each: an inline one of their own, and a managed one that both share."""
SIDS = {SECRET: SECRET_SID, KEY: KEY_SID, ROLE: ROLE_SID}


def access_policies_of(live: LivePolicies) -> tuple[AccessPolicy, ...]:
    """Every policy of the stack, as they were read; one that could not be read says why. Pure."""
    return (
        *_policies_of(SECRET, live.secret),
        *_policies_of(KEY, live.key),
        *_policies_of(USER, live.user),
        *_policies_of(ROLE, live.trust),
        *_policies_of(RIGHTS, live.role),
    )


def _policies_of(name: str, reading: Reading[Policy] | Reading[tuple[Policy, ...]]) -> list[AccessPolicy]:
    """One for each policy; one without statements where there is none, or where they may not be read."""
    if reading.absent:
        return []
    if reading.value is None:
        return [AccessPolicy(name, unreadable=GONE if reading.gone else reading.detail)]
    policies = reading.value if isinstance(reading.value, tuple) else (reading.value,)
    return [AccessPolicy(name, p.statements, "; ".join(p.problems), p.name) for p in policies] or [AccessPolicy(name)]


def bounded(policies: Iterable[AccessPolicy]) -> tuple[PolicyStatement, ...]:
    """The statements of user and role that a grant opens and an end closes, from all their policies together. Pure."""
    return tuple(s for p in policies if p.name in HOLDERS for s in p.statements if is_bounded(s))


def ends(policies: Iterable[AccessPolicy]) -> tuple[datetime | None, ...]:
    """The ends that stand in the policies themselves, each once, earliest first; None where there is none. Pure."""
    vendors = [s for p in policies if p.name in SIDS for s in p.statements if s.sid == SIDS[p.name]]
    known = {s.until for s in (*vendors, *bounded(policies))}
    return (*sorted(end for end in known if end is not None), *({None} & known))


def read_keys(gateway: Gateway, access: StackAccess) -> Reading[tuple[AccessKey, ...]]:
    """The support user's keys with their last use (a call for each). Never raises for what AWS answers."""
    asked, iam = "iam:ListAccessKeys, iam:GetAccessKeyLastUsed", gateway.iam
    if not access.support_user:
        return absent(asked, NO_USER)
    return read(asked, lambda: tuple(map(iam.get_access_key_last_used, iam.list_access_keys(access.support_user))))


def verify(access: StackAccess, live: LivePolicies) -> tuple[Check, ...]:
    """Whether each policy, as it was read, says what the stack records. Pure."""
    policies = access_policies_of(live)
    grant = access.grant if access.secret_arn else replace(access.grant, via="role")  # without a secret nothing is read
    vendors = (_check(policy, grant) for policy in policies if policy.name not in HOLDERS)
    present = {policy.name for policy in policies}
    rights = (_rights_check(name, policies, access.grant) for name in HOLDERS if name in present)
    return (*vendors, *rights)


def _check(policy: AccessPolicy, grant: Grant) -> Check:
    if policy.unreadable:
        return Check(f"policy of the {policy.name}", False, f"could not be read: {policy.unreadable}")
    holds = agrees(grant, policy.statements, SIDS[policy.name])
    return Check(f"policy of the {policy.name}", holds, "agrees with the grant" if holds else "differs from the grant")


def _rights_check(name: str, policies: Iterable[AccessPolicy], grant: Grant) -> Check:
    """Instance and documents are named in different policies, and without either nobody gets in."""
    theirs = [policy for policy in policies if policy.name == name]
    subject = f"policies of the {name}"
    if unreadable := next((policy.unreadable for policy in theirs if policy.unreadable), ""):
        return Check(subject, False, f"could not be read: {unreadable}")
    rights = bounded(theirs)
    missing = {SUPPORT_SID, DOCUMENTS_SID} - {s.sid.removesuffix(AS_ROLE) for s in rights}
    if missing:
        return Check(subject, False, f"lack {', '.join(sorted(missing))}; a grant with another end writes them again")
    holds = {s.until for s in rights} == {grant.until}
    return Check(subject, holds, f"end {grant.until_text or 'never'}" if holds else "have another end")
