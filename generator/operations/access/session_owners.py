"""Whose a live session near the stack is: support's, the customer's own, or not known to be the customer's own."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping

from generator.gateway.aws import Gateway
from generator.model.arn import Arn
from generator.model.reading import Reading
from generator.model.session import Session
from generator.operations.access import lockdown
from generator.operations.access.readings import read
from generator.operations.access.stack_access import StackAccess

Owners = Mapping[str, Reading[bool]]
"""ARN of an owner -> whether that user or role exists in the account."""


def session_owners(gateway: Gateway, access: StackAccess, sessions: tuple[Session, ...]) -> Owners:
    """Whether the owners of the sessions near the stack are the account's users and roles: else it may be the vendor.

    One that does not exist may have been the support user. Whoever is neither user nor role (a federated user) may have
    been let in by one that was; the account's own root was not. Never raises.
    """
    others = (s for s in sessions if lockdown.near(s, access) and not lockdown.owned(s, access))
    return {session.owner: _is_of_the_account(gateway, access, session) for session in others}


def stranger(session: Session, owners: Owners, admitting: Collection[str]) -> str:
    """Why somebody who started a session near the stack is not known to be the customer's own; "" where that is so.

    `admitting` are the names of roles that let somebody in from outside. Pure.
    """
    if session.owner not in owners:
        return ""
    if not (owner := owners[session.owner]).value:
        return owner.detail or "who is no user or role of the account now"
    kind, name = lockdown.owner_of(session)
    return "a role that lets them in" if kind == "assumed-role" and name in admitting else ""


def _is_of_the_account(gateway: Gateway, access: StackAccess, session: Session) -> Reading[bool]:
    (kind, name), arn = lockdown.owner_of(session), Arn.find(session.owner)
    exists = {"user": gateway.iam.user_exists, "assumed-role": gateway.iam.role_exists}
    asked = {"user": "iam:GetUser", "assumed-role": "iam:GetRole"}
    if arn is None or arn.account != access.stack.account:
        return read("ssm:DescribeSessions", lambda: False)
    if kind in exists:
        return read(asked[kind], functools.partial(exists[kind], name))
    return read("ssm:DescribeSessions", lambda: arn.resource == "root")
