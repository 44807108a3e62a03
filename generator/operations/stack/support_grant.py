"""What a support flip makes of the grant: it opens no path in passing, and says which one stays open.

A user or role that comes back would admit whoever the stack's parameters still name, with no end asked for and no log
checked. So a grant keeps the paths that it had before the flip and has after it; with none left it ends
(docs/decisions/0029-a-flip-opens-nothing.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.model.contract import GRANT_PARAMETERS, Output, Parameter
from generator.model.grant import Grant
from generator.model.stack import Stack
from generator.operations.access import key

PATHS = {Parameter.CREATE_SUPPORT_USER: "secret", Parameter.CREATE_SUPPORT_ROLE: "role"}
MOST_NAMES = 3
"""How many principals a note names."""
Values = Mapping[str, str]


def grant_after(given: Values, known: Values, now: datetime) -> Grant:
    """The grant that a change of parameters from `known` by `given` leaves. Pure."""
    grant, before, after = Grant.of(known), paths(known), paths({**known, **given})
    if before == after or not grant.live(now):
        return grant
    remaining = {path for path in before & after if grant.allows_path(path)}
    if not remaining:
        return grant.closed(now)
    return grant if len(remaining) == len(PATHS) else replace(grant, via=remaining.pop())


def paths(values: Values) -> frozenset[str]:
    """By which paths a stack with these parameters can admit anybody: the secret, the role. Pure."""
    return frozenset(path for name, path in PATHS.items() if values.get(name) == "Yes")


def carried(given: Values, stack: Stack | None, now: datetime) -> dict[str, str]:
    """The parameters of the grant that go along with a flip; none where it leaves the grant as it is. Pure."""
    known = known_parameters(stack)
    if any(name not in known for name in GRANT_PARAMETERS):
        return {}
    after = grant_after(given, known, now)
    return {} if after == Grant.of(known) else after.parameters()


def known_parameters(stack: Stack | None) -> Values:
    """The parameters of a stack that exists; none of one that is only planned."""
    return {} if stack is None or stack.status.only_planned else stack.parameters


def notes(gateway: Gateway, given: Values, stack: Stack | None, now: datetime) -> tuple[str, ...]:
    """What a flip changes of the grant, and which access it leaves open, with the command that closes it."""
    known = known_parameters(stack)
    if stack is None or not known or not any(name in given for name in PATHS):
        return ()
    after, left = grant_after(given, known, now), paths({**known, **given})
    stays = []
    if given.get(Parameter.CREATE_SUPPORT_USER) == "No" and "role" in left:
        stays.append(_role_stays(after, now))
    if given.get(Parameter.CREATE_SUPPORT_ROLE) == "No" and "secret" in left:
        stays.append(_user_stays(gateway, after, stack, now))
    close = f"To close it: {gateway.commands.deployer('access', 'revoke', '--all')}"
    lines = [_about_the_grant(gateway, Grant.of(known), after), *(f"{line} {close}" for line in stays if line)]
    return tuple(filter(None, lines))


def _about_the_grant(gateway: Gateway, before: Grant, after: Grant) -> str:
    who, again = _names(before), gateway.commands.deployer("access", "grant", "--principal", "ARN")
    if after == before:
        return ""
    if not after.principals:
        return f"The grant to {who} ends with this update. To grant access again afterwards: {again}"
    return f"{who}: access by the {after.via} alone. To grant every access path afterwards: {again} --via all"


def _role_stays(after: Grant, now: datetime) -> str:
    if not after.live(now) or not after.allows_path("role") or after.paused:
        return ""
    return f"Access by the support role stays open to {_names(after)}, {_end(after)}."


def _user_stays(gateway: Gateway, after: Grant, stack: Stack, now: datetime) -> str:
    if after.ended(now) or not _may_sign_in(gateway, stack.outputs.get(Output.SUPPORT_USER_NAME, "")):
        return ""
    readers = f" and {_names(after)} may read it" if after.live(now) and after.allows_path("secret") else ""
    return f"Access by the support user's key stays open{readers}, {_end(after)}."


def _may_sign_in(gateway: Gateway, user: str) -> bool:
    """Whether the user has an active key; one that may not be asked about counts as active."""
    try:
        return any(each.active for each in key.list_keys(gateway, user))
    except DeployerError:
        return True


def _names(grant: Grant) -> str:
    """Who has access; of many the number alone, as the notes are sentences and `access show` has the list."""
    listed = [principal.arn for principal in grant.principals]
    return ", ".join(listed) if len(listed) <= MOST_NAMES else f"{len(listed)} principals"


def _end(grant: Grant) -> str:
    return f"until {grant.until_text}" if grant.until_text else "without an end"
