"""access revoke: a sequence of steps, each with its evidence, that may be stopped anywhere and run again.

Everybody: the key inactive, the doors closed directly, live sessions ended, on the instance and in the database,
the stack made to agree, the key deleted.
One of several: the secret closed to it, sessions ended, a new key for those who stay, then the stack: as long as the
stack still knows the principal, the same command does it all again. The negative checks come last.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from generator.errors import AwsError, DeployerError, NotFound
from generator.gateway.aws import Gateway
from generator.model.contract import GRANT_PARAMETERS
from generator.model.evidence import Evidence, Report
from generator.model.grant import Grant
from generator.model.principal import Principal
from generator.operations.access import backends, closing, key, observations, record, role, verdicts
from generator.operations.access.record import Record
from generator.operations.access.settle import ShowEvents, settle
from generator.operations.access.verdicts import AGAIN, Expectation

Sleep = Callable[[float], None]


@dataclass(frozen=True)
class RevokeRequest:
    """Whom to lock out; nobody named means everybody."""

    principals: tuple[Principal, ...] = ()


@dataclass(frozen=True)
class Revocation:
    """One revocation under way: what the stack said when it began, and what shall be left."""

    gateway: Gateway = field(repr=False)
    found: Record = field(repr=False)
    after: Grant
    show_events: ShowEvents = field(default=lambda events: [None for _ in events].clear(), repr=False)
    sleep: Sleep = field(default=time.sleep, repr=False)
    old: key.Held | None = None

    @property
    def everybody(self) -> bool:
        """Whether nobody shall be left."""
        return not self.after.principals

    @property
    def expectation(self) -> Expectation:
        """What the verdicts hold the account against."""
        return Expectation(self.found, self.after, self.old.key_id if self.old else "")

    @property
    def locked_out(self) -> tuple[str, ...]:
        """Whom it locks out, for the report."""
        gone = tuple(p.arn for p in self.found.grant.principals if p not in self.after.principals)
        return (*gone, "whoever holds the key") if self.everybody else gone


def begin(gateway: Gateway, request: RevokeRequest, show_events: ShowEvents, sleep: Sleep = time.sleep) -> Revocation:
    """Read the stack and decide what shall be left. Raises StackNotFound, NotFound for a principal nobody let in."""
    found = record.read_record(gateway)
    after = _cut(found, left(found, request, datetime.now(UTC)), datetime.now(UTC))
    return Revocation(gateway, found, after, show_events, sleep, _held(gateway, found))


def _cut(found: Record, after: Grant, now: datetime) -> Grant:
    """Role sessions begun before count no longer; on a stack that was closed before they do not already."""
    done = found.grant == after and bool(after.not_before)
    return after if done or not found.support_role else after.cut(now)


def _held(gateway: Gateway, found: Record) -> key.Held | None:
    """The key as it is now, to be tried at the end; not every caller may read it."""
    try:
        return key.held(gateway, found.secret_arn) if found.secret_arn else None
    except (NotFound, AwsError):
        return None


def left(found: Record, request: RevokeRequest, now: datetime) -> Grant:
    """The grant that remains. Pure. Raises NotFound for a principal the stack does not know."""
    if not request.principals:
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


def run(revocation: Revocation) -> Iterator[Evidence]:
    """Do the steps in order, each yielding its evidence; a step that fails is named and the others go on."""
    everybody = (_keys, _role, _secret, _key_policy, _sessions, backends.shut, _stack, _erase)
    steps = everybody if revocation.everybody else (_narrow, _narrow_role, _sessions, backends.shut, _renew, _stack)
    for step in steps:
        yield _evidence(step, revocation)
    seen = observations.observe(revocation.gateway, revocation.found, revocation.old, revocation.sleep)
    yield from verdicts.judge(seen, revocation.expectation)


def _evidence(step: Callable[[Revocation], Evidence], revocation: Revocation) -> Evidence:
    try:
        return step(revocation)
    except DeployerError as error:
        name = step.__name__.strip("_").replace("_", " ")
        return Evidence(name, "the step itself", error.message, datetime.now(UTC), False, error.hint or AGAIN)


def report(revocation: Revocation, began: datetime, evidence: tuple[Evidence, ...]) -> Report:
    """The evidence, with whose and by whom."""
    stack = revocation.found.stack
    return Report(
        stack_name=stack.name,
        account=stack.account,
        region=stack.region,
        instance_id=revocation.found.instance_id,
        locked_out=revocation.locked_out,
        by=_caller(revocation.gateway),
        reason=revocation.after.reason,
        began=began,
        ended=datetime.now(UTC),
        evidence=evidence,
    )


def _caller(gateway: Gateway) -> str:
    try:
        return gateway.sts.get_caller_arn()
    except DeployerError:
        return "unknown"


def said(step: str, asked: str, answered: str, proven: bool | None, left: str = "") -> Evidence:
    """Evidence as of now."""
    return Evidence(step, asked, answered, datetime.now(UTC), proven, "" if proven else left)


def _keys(r: Revocation) -> Evidence:
    key.deactivate(r.gateway, r.found)
    found = key.inactive_check(key.list_keys(r.gateway, r.found.support_user))
    return said("key inactive", "iam:ListAccessKeys", found.answer, found.holds)


def _role(r: Revocation) -> Evidence:
    there = role.shut(r.gateway, r.found) and role.cut(r.gateway, r.found, r.after.not_before)
    answer = f"nobody assumes it, sessions before {r.after.not_before} are refused" if there else "there is no role"
    return said("role shut", "iam:UpdateAssumeRolePolicy, iam:PutRolePolicy", answer, True)


def _secret(r: Revocation) -> Evidence:
    stood = closing.close_secret(r.gateway, r.found)
    sids = ", ".join(s.sid or "(without Sid)" for s in stood) or "nothing"
    return said("secret's policy removed", "secretsmanager:DeleteResourcePolicy", f"removed: {sids}", True)


def _narrow(r: Revocation) -> Evidence:
    was = bool(r.found.secret_arn) and closing.narrow_secret(r.gateway, r.found, r.after)
    answer = "their principals removed" if was else "no vendor's statement"
    return said("secret's policy narrowed", "secretsmanager:PutResourcePolicy", answer, True)


def _narrow_role(r: Revocation) -> Evidence:
    was = role.narrow(r.gateway, r.found, r.after) and role.cut(r.gateway, r.found, r.after.not_before)
    answer = "their principals removed, everybody's older sessions refused" if was else "there is no such role"
    return said("role's trust narrowed", "iam:UpdateAssumeRolePolicy, iam:PutRolePolicy", answer, True)


def _key_policy(r: Revocation) -> Evidence:
    was = closing.close_key(r.gateway, r.found)
    answer = "the vendor's statement removed" if was else "no vendor's statement"
    return said("key's policy closed", "kms:PutKeyPolicy", answer, True)


def _sessions(r: Revocation) -> Evidence:
    were, still = closing.end_sessions(r.gateway, r.found, r.sleep)
    gone = ", ".join(s.session_id for s in were if s not in still) or "none was open"
    answer = f"ended: {gone}" + (f"; still open: {', '.join(s.session_id for s in still)}" if still else "")
    return said("live sessions ended", "ssm:TerminateSession, ssm:DescribeSessions", answer, not still, AGAIN)


def _stack(r: Revocation) -> Evidence:
    """Make it last: the stack's parameters say so from now on, and no later `up` opens the door again."""
    asked = "cloudformation:ExecuteChangeSet"
    if any(name not in r.found.stack.parameters for name in GRANT_PARAMETERS):
        answer = "its template knows no grants, so it lets nobody in by itself"
        return said("stack agrees", asked, answer, None)
    status = settle(r.gateway, r.found, r.after, r.show_events)
    return said("stack agrees", asked, status, True)


def _erase(r: Revocation) -> Evidence:
    """Delete every key: an inactive one could be switched on again."""
    gone = key.list_keys(r.gateway, r.found.support_user)
    for found in gone:
        r.gateway.iam.delete_access_key(found)
    shown = ", ".join(found.key_id for found in gone) or "there was none"
    return said("keys deleted", "iam:DeleteAccessKey", shown, True)


def _renew(r: Revocation) -> Evidence:
    """Those who stay get a new key; the one that was known to the others is deleted."""
    asked = "secretsmanager:RotateSecret, iam:DeleteAccessKey"
    if not r.found.support_user:
        return said("key renewed", asked, "there is no key", True)
    if r.old is None:
        return said("key renewed", asked, "the secret may not be read from here", False, "deployer access rotate")
    key.turn(r.gateway, r.found, sleep=r.sleep)
    stale = [k for k in key.list_keys(r.gateway, r.found.support_user) if k.key_id == r.old.key_id]
    for found in stale:
        r.gateway.iam.delete_access_key(found)
    return said("key renewed", asked, f"{r.old.key_id} deleted, a new one is in the secret", True)
