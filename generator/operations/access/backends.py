"""Revocation inside the database, where the stack knows one: IAM stops new connections only, open ones go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.model.contract import Parameter
from generator.model.evidence import Evidence
from generator.operations.access import proofs

if TYPE_CHECKING:
    from generator.operations.access.revoke import Revocation

STEP, ASKED = "database", "the database itself, as its master user"
BY_HAND = "deployer db shut-out{} --password-prompt"


def shut(r: Revocation) -> Evidence:
    """End what support's users have open and take their tokens' right away; or say why that was not done.

    Where the stack gives support a user of its own, the customer's people stay in; else any user of a grade may be
    support's. Whose connection is whose cannot be told by principal, so one of several leaves the database as it is.
    """
    stack = r.found.stack
    told = Parameter.DATABASE_ENDPOINT  # a stack that made its own database says so in an output
    endpoint = stack.parameters.get(told, "") or stack.outputs.get(told, "")
    if not endpoint:
        return proofs.said(STEP, ASKED, "not ours: the stack knows of none", None)
    if not r.everybody:
        return proofs.said(STEP, ASKED, f"{endpoint}: others stay, so it was left as it is", None)
    from generator.operations.database.reach import Wish  # only here: most stacks have no database
    from generator.operations.database.revoke import SUPPORTS, shut_everybody_out

    of_its_own = r.found.database_user
    by_hand = BY_HAND.format(" --support" if of_its_own else "")
    found = shut_everybody_out(r.gateway, Wish(), only=SUPPORTS if of_its_own else ())
    if found.problem:
        return proofs.said(STEP, ASKED, f"could not: {found.problem}", False, by_hand)
    if found.left:
        return proofs.said(STEP, ASKED, f"could not: {', '.join(u.user for u in found.left)} still in", False, by_hand)
    shown = ", ".join(found.ended) or "no user of the grades"
    return proofs.said(STEP, ASKED, f"done in {found.database}: {shown}", True)
