"""One revocation: whose access it takes, what the stack said when it began, and the grant that shall remain."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from generator.errors import NotFound, Refused
from generator.gateway.aws import Gateway
from generator.model.command_line import CommandLine
from generator.model.duration import parse_end
from generator.model.grant import Grant
from generator.model.principal import Principal
from generator.operations.access import (
    observations,
    stack_access,
)
from generator.operations.access.expectation import Expectation
from generator.operations.access.observations import Before
from generator.operations.access.own_accounts import declare
from generator.operations.access.paths.resources import stack_resources
from generator.operations.access.reconcile import ShowEvents
from generator.operations.access.stack_access import StackAccess
from generator.operations.clock import SYSTEM, Clock


@dataclass(frozen=True)
class RevokeRequest:
    """Whose access to revoke; nobody named means everybody. `report`: where to write the evidence.

    `signing_key`: who signs that, a file, env://NAME or awskms:///KEY; "" for nobody.

    `own` are other accounts and organizations of the customer (their IDs): whoever they let in is not the vendor.
    """

    principals: tuple[Principal, ...] = ()
    report: Path | None = None
    own: frozenset[str] = frozenset()
    signing_key: str = ""


@dataclass(frozen=True)
class Revocation:
    """One revocation under way: what the stack said when it began, and the grant that remains."""

    gateway: Gateway = field(repr=False)
    access: StackAccess = field(repr=False)
    after: Grant
    before: Before = field(repr=False)
    show_events: ShowEvents = field(default=lambda events: [None for _ in events].clear(), repr=False)
    clock: Clock = field(default=SYSTEM, repr=False)
    began: datetime | None = None

    @property
    def everybody(self) -> bool:
        """Whether nobody keeps access."""
        return not self.after.principals

    @property
    def expectation(self) -> Expectation:
        """What the verdicts hold the account against."""
        secret, keys = self.before.secret.value, self.before.keys
        listed = None if keys.value is None and not (keys.gone or keys.absent) else {k.key_id for k in keys.value or ()}
        known = listed if secret is None or listed is None else listed | {secret.key_id}
        commands = self.gateway.commands
        ids = None if known is None else frozenset(known)
        return Expectation(self.access, self.after, commands, ids, self.began)

    @property
    def revoked(self) -> tuple[str, ...]:
        """Whose access it revokes, for the report."""
        gone = tuple(p.arn for p in self.expectation.leaving)
        return (*gone, "whoever holds the key") if self.everybody else gone


def begin(gateway: Gateway, request: RevokeRequest, show_events: ShowEvents, clock: Clock = SYSTEM) -> Revocation:
    """Read the stack and decide which grant remains.

    Raises StackNotFound, NotFound for a principal without access, Refused for one that another principal covers, and
    UsageError for an account that cannot be the customer's own.
    """
    access, now = stack_access.read_access(gateway), clock.now()
    if request.own:
        access = declare(gateway, access, request.own, stack_resources(gateway, access))
    remains = left(access, request, now, gateway.commands)
    before = observations.look_before(gateway, access)
    after = _cut(access, remains, before, now)
    return Revocation(gateway, access, after, before, show_events, clock, now.replace(microsecond=0))


def _cut(access: StackAccess, after: Grant, before: Before, now: datetime) -> Grant:
    """What was issued before counts no longer. On a stack that was closed before, and where no key is, it does not."""
    is_closed = access.grant == after and parse_end(after.not_before) is not None
    has_no_key = before.keys.absent or before.keys.gone or before.keys.value == ()
    if (is_closed and has_no_key) or not (access.support_user or access.support_role):
        return after
    return after.cut(now)


def left(access: StackAccess, request: RevokeRequest, now: datetime, commands: CommandLine) -> Grant:
    """The grant that remains. Pure.

    Raises Refused while one that remains lets in one that is named, NotFound for a principal the stack does not know.
    """
    if not request.principals:
        return access.grant.closed(now)
    named = tuple(dict.fromkeys(request.principals))
    leaving = [p for p in named if p in access.grant.principals]
    if covering := access.grant.covering(named):
        raise _still_covered(named, tuple(leaving), covering, commands)
    for principal in named:
        if not any(p.covers(principal) for p in leaving):
            granted = ", ".join(p.arn for p in access.grant.principals) or "nobody"
            raise NotFound(
                f"The principal {principal.arn} has no access to the stack {access.stack.name}. "
                f"Access is granted to: {granted}.",
                f"See: {commands.deployer('access', 'show')}",
                code="not-granted",
            )
    return access.grant.without(leaving, now)


def _still_covered(
    named: tuple[Principal, ...], leaving: tuple[Principal, ...], covering: tuple[Principal, ...], commands: CommandLine
) -> Refused:
    covered = next(p for p in named if any(other.covers(p) for other in covering))
    by = ", ".join(p.arn for p in covering)
    words = [word for p in (*leaving, *covering) for word in ("--principal", p.arn)]
    return Refused(
        f"Nothing was changed: {covered.arn} would keep access, because {by} has access too and covers it.",
        f"Revoke {'both' if leaving else 'that one'}: {commands.deployer('access', 'revoke', *words)}",
        code="still-covered",
    )
