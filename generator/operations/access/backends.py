"""Revocation inside the database, where the stack knows one: IAM stops new connections only, open ones go on."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from generator.model.contract import Parameter
from generator.model.evidence import Evidence
from generator.model.stack import Stack

if TYPE_CHECKING:
    from generator.operations.access.revoke import Revocation
    from generator.operations.database.revoke import ShutOut

STEP, ASKED = "database", "the database itself, as its master user"
BY_HAND = "deployer db shut-out{} --password-prompt"
IF_NOBODY = " (if it finds nobody: the same without --support, for every user of the grades)"


def endpoint_of(stack: Stack) -> str:
    """The database the stack knows, its own or one it was told of; empty where there is none."""
    told = Parameter.DATABASE_ENDPOINT  # a stack that made its own database says so in an output
    return stack.parameters.get(told, "") or stack.outputs.get(told, "")


def _said(step: str, asked: str, answered: str, proven: bool | None, left: str = "") -> Evidence:
    return Evidence(step, asked, answered, datetime.now(UTC), proven, left)


def shut(r: Revocation) -> Evidence:
    """End what support's users have open and let them open no more; or say why that was not done.

    Where the database has users of support's own, the customer's people stay in; else any user of a grade may be
    support's. Whose connection is whose cannot be told by principal, so one of several leaves the database as it is.
    """
    endpoint = endpoint_of(r.found.stack)
    if not endpoint:
        return _said(STEP, ASKED, "not ours: the stack knows of none", None)
    if not r.everybody:
        return _said(STEP, ASKED, f"{endpoint}: others stay, so it was left as it is", None)
    from generator.operations.database.reach import Wish  # only here: most stacks have no database
    from generator.operations.database.revoke import shut_support_out

    found = shut_support_out(r.gateway, Wish())
    if found.problem:
        return _said(STEP, ASKED, f"could not: {found.problem}", False, BY_HAND.format(" --support") + IF_NOBODY)
    if found.left:
        by_hand = BY_HAND.format(" --support" if found.only_support else "")
        still = ", ".join(sorted({user.user for user in found.left}))
        return _said(STEP, ASKED, f"could not: {still} still in", False, by_hand)
    return _said(STEP, ASKED, f"done in {found.database}: {_done(found)}", True)


def _done(found: ShutOut) -> str:
    """Who is out, what was ended, and what became of the customer's people."""
    if not found.ended:
        return "it has no user of the grades"
    sessions = f"{found.sessions} session{'' if found.sessions == 1 else 's'} ended"
    who = f"{', '.join(found.ended)}; {sessions}"
    if found.only_support:
        return f"{who}; your people stay in"
    again = f"deployer db bootstrap {shlex.quote(found.database)} --for NAME=GRADES"
    return f"{who}; that is every user of the grades, as none is support's own. To let yours in again: {again}"
