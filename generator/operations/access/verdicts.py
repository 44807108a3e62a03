"""The verdicts of a revocation: pure functions from what was observed, and what shall be, to evidence.

`judge` is the one place where they are applied. Each verdict stands in VERDICTS and can be replaced there, alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from generator.model.access import Door
from generator.model.contract import GRANT_PARAMETERS
from generator.model.duration import END_FORMAT
from generator.model.evidence import Evidence
from generator.model.grant import Grant
from generator.model.policy import account_of
from generator.model.reading import Reading
from generator.operations.access import closing, doors
from generator.operations.access.key import DEAD_CODES
from generator.operations.access.observations import Observations
from generator.operations.access.record import Record

AGAIN = "deployer access revoke, the same command again"


@dataclass(frozen=True)
class Expectation:
    """What shall be after the revocation: the stack as it was found, and the grant that remains of it."""

    found: Record
    after: Grant
    old_key: str = ""

    @property
    def everybody(self) -> bool:
        """Whether nobody shall be left."""
        return not self.after.principals


Verdict = Callable[[Observations, Expectation], Evidence]


def judge(seen: Observations, wanted: Expectation) -> tuple[Evidence, ...]:
    """The evidence of every verdict, in order. Pure: the same observations give the same evidence."""
    return tuple(verdict(seen, wanted) for verdict in VERDICTS)


def keys_are_dead(seen: Observations, wanted: Expectation) -> Evidence:
    """No key of the user can be used; or, where others stay, the old one is gone."""
    step, reading = "no key of theirs is left", seen.keys
    if reading.value is None:
        return _unread(step, reading, False)
    keys = reading.value
    bad = [k for k in keys if (k.active if wanted.everybody else k.key_id == wanted.old_key)]
    shown = ", ".join(f"{k.key_id} {k.status}" for k in keys) or "no keys"
    return _evidence(step, reading, shown, not bad, AGAIN)


def old_key_is_refused(seen: Observations, wanted: Expectation) -> Evidence:
    """AWS was asked with the old key itself."""
    step, reading = "old key refused", seen.old_key
    if reading.value is None:
        return _unread(step, reading, None if reading.absent else False)
    return _evidence(step, reading, reading.value.answer, reading.value.answer in DEAD_CODES, AGAIN)


def secret_is_closed(seen: Observations, wanted: Expectation) -> Evidence:
    """Nobody outside the account may read the secret; or, where others stay, exactly those."""
    return _door(seen, wanted, doors.SECRET, "secretsmanager:GetResourcePolicy")


def key_is_closed(seen: Observations, wanted: Expectation) -> Evidence:
    """Nobody outside the account may decrypt; or, where others stay, exactly those."""
    return _door(seen, wanted, doors.KEY, "kms:GetKeyPolicy")


def role_is_closed(seen: Observations, wanted: Expectation) -> Evidence:
    """Nobody outside the account may become the role; or, where others stay, exactly those."""
    return _door(seen, wanted, doors.ROLE, "iam:GetRole")


def _door(seen: Observations, wanted: Expectation, name: str, asked: str) -> Evidence:
    door = next((d for d in seen.doors if d.name == name), Door(name))
    step = f"policy of the {name}"
    if door.unreadable == doors.GONE:
        return Evidence(step, asked, "it is gone", seen.at, True)
    if door.unreadable:
        hint = f"Read it with credentials that may: {asked}"
        return Evidence(step, asked, door.unreadable, seen.at, False, hint)
    theirs = {p.pattern for p in wanted.after.principals}
    if any(set(s.principal_arns) - theirs for s in door.statements if s.allows):
        return Evidence(step, asked, "still names who was locked out", seen.at, False, AGAIN)
    outside = closing.outsiders(door.statements, wanted.found.stack.account)
    strange = [p for p in outside if account_of(p) not in wanted.after.accounts]
    hint = f"Take this out of the policy of the {name} by hand: {', '.join(strange)}" if strange else ""
    answer = f"lets in: {', '.join(outside) or 'nobody outside'}"
    return Evidence(step, asked, answer, seen.at, not strange, hint)


def older_role_sessions_are_refused(seen: Observations, wanted: Expectation) -> Evidence:
    """IAM refuses a session that was begun before the cut."""
    step, reading = "older role sessions are refused", seen.older_role_session
    if reading.value is None:
        return _unread(step, reading, True if reading.absent or reading.gone else None)
    return _evidence(step, reading, reading.value, reading.value == "explicitDeny", AGAIN)


def support_policy_is_over(seen: Observations, wanted: Expectation) -> Evidence:
    """Whoever still had the key could start nothing: every right of user and role has its end in the past."""
    asked, step = "iam:GetUserPolicy, iam:GetRolePolicy, iam:GetPolicyVersion", "end of the support policies"
    if not wanted.everybody:
        return Evidence(step, asked, "others stay, so they do not end now", seen.at, None)
    if any(name not in wanted.found.stack.parameters for name in GRANT_PARAMETERS):
        return Evidence(step, asked, "the stack's template knows no ends", seen.at, None)
    theirs = [door for door in seen.doors if door.name in doors.HOLDERS]
    closed = next((d.unreadable for d in theirs if d.unreadable not in ("", doors.GONE)), "")
    if closed:
        return Evidence(step, asked, closed, seen.at, False, f"Read them with credentials that may: {asked}")
    rights = doors.bounded(theirs)
    over = all(s.until is not None and s.until <= seen.at for s in rights)
    shown = ", ".join(sorted({f"{s.until:{END_FORMAT}}" if s.until else f"{s.sid} has no end" for s in rights}))
    return Evidence(step, asked, shown or "no such policy", seen.at, over, "" if over else AGAIN)


def a_session_would_be_refused(seen: Observations, wanted: Expectation) -> Evidence:
    """IAM refuses a new session of the user."""
    step, reading = "a new session would be refused", seen.new_session
    if not wanted.everybody and not reading.absent:
        return Evidence(step, reading.asked, "others stay", reading.at, None)
    if reading.value is None:
        return _unread(step, reading, True if reading.gone else None)
    return _evidence(step, reading, reading.value, reading.value != "allowed", AGAIN)


def no_session_is_open(seen: Observations, wanted: Expectation) -> Evidence:
    """TerminateSession answers success for anything, so only this counts."""
    step, reading = "no session is open", seen.sessions
    if reading.value is None:
        return _unread(step, reading, False)
    shown = ", ".join(s.session_id for s in reading.value) or "no session of the support user"
    return _evidence(step, reading, shown, not reading.value, AGAIN)


def _evidence(step: str, reading: Reading[object], answer: str, proven: bool, left: str) -> Evidence:
    return Evidence(step, reading.asked, answer, reading.at, proven, "" if proven else left)


def _unread(step: str, reading: Reading[object], proven: bool | None) -> Evidence:
    return Evidence(step, reading.asked, reading.detail, reading.at, proven, AGAIN if proven is False else "")


VERDICTS: tuple[Verdict, ...] = (
    keys_are_dead,
    old_key_is_refused,
    secret_is_closed,
    key_is_closed,
    role_is_closed,
    older_role_sessions_are_refused,
    support_policy_is_over,
    a_session_would_be_refused,
    no_session_is_open,
)
