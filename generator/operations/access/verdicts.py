"""The verdicts of a revocation: pure functions from what was observed, and what shall be, to evidence.

`judge` is the one place where they are applied. Each verdict stands in VERDICTS and can be replaced there, alone.
There are three: proven, NOT PROVEN, does not apply. What was refused, could not be read or was not understood is
NOT PROVEN; only what the stack does not have does not apply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from generator.model.access import Simulation
from generator.model.access_path import AccessPath, PathReading
from generator.model.duration import END_FORMAT, parse_end
from generator.model.evidence import Evidence
from generator.model.policy import Policy, PolicyStatement
from generator.model.principal import Principal
from generator.model.reading import Reading
from generator.model.session import Session
from generator.operations.access import database_lockdown, path_verdicts, policy_commands, remedies
from generator.operations.access.expectation import Expectation, knows_grants
from generator.operations.access.key import DEAD_CODES
from generator.operations.access.lockdown import near, owned
from generator.operations.access.observations import Observations
from generator.operations.access.paths.statements import NOT_NAMED
from generator.operations.access.permission_summary import is_bounded
from generator.operations.access.readings import fault_of
from generator.operations.access.session_owners import stranger
from generator.operations.access.session_tokens import refused_before

Verdict = Callable[[Observations, Expectation], Evidence]
Remedy = Callable[[Iterable[AccessPath], Expectation], str]


def judge(seen: Observations, wanted: Expectation) -> tuple[Evidence, ...]:
    """The evidence of every verdict, in order. Pure: the same observations give the same evidence."""
    return tuple(_applied(verdict, seen, wanted) for verdict in VERDICTS)


def _applied(verdict: Verdict, seen: Observations, wanted: Expectation) -> Evidence:
    """One verdict; where it fails over something nobody foresaw, that is not proven and the others are given."""
    try:
        return verdict(seen, wanted)
    except Exception as error:  # a defect in one check is NOT PROVEN, and must not hide the others
        name = getattr(verdict, "__name__", "verdict").replace("_", " ")
        reading = Reading[object]("what was observed", seen.at)
        return _row(name, reading, False, fault_of(error).detail, remedies.DEFECT)


def stack_lets_nobody_else_in(seen: Observations, wanted: Expectation) -> Evidence:
    """The stack's parameters name those who stay and nobody else, so that no later update opens anything."""
    step, reading = "grant on the stack", seen.grant
    if not knows_grants(wanted.access):
        return _row(step, reading, None, "its template has no grants")
    if reading.value is None:
        return _unread(step, reading, wanted, look=wanted.commands.deployer("status"))
    names = ", ".join(p.arn for p in reading.value.principals) or "nobody"
    others = [p for p in reading.value.principals if not wanted.stays(p.pattern)]
    is_over = not wanted.everybody or reading.value.ended(seen.at)
    answer = f"names {names}" + ("" if is_over else ", and its end is not in the past")
    if others and not wanted.access.has_holder:
        why = "no update takes them out while the stack has neither a support user nor a support role"
        return _row(step, reading, False, f"{answer}; {why}", remedies.leftover_grant(wanted))
    return _row(step, reading, not others and is_over, answer, _revoke_others(others, wanted))


def _revoke_others(others: Iterable[Principal], wanted: Expectation) -> str:
    named = [word for p in others for word in ("--principal", p.arn)]
    return wanted.again if wanted.everybody else wanted.commands.deployer("access", "revoke", *named)


def keys_are_gone(seen: Observations, wanted: Expectation) -> Evidence:
    """No key of the user is left; or, where others stay, none of those that were known before."""
    step, reading = "no known key is left", seen.keys
    if reading.absent or reading.gone:
        return _row(step, reading, True if reading.gone else None, reading.detail)
    left = _keys_left(seen, wanted)
    if reading.value is None or left is None:
        return _unread(
            step, reading, wanted, "the keys that existed before could not be listed", remedies.show_keys(wanted)
        )
    shown = ", ".join(f"{k.key_id} {k.status}" for k in reading.value) or "no keys"
    return _row(step, reading, not left, shown, remedies.keys(left, wanted.access.support_user, wanted))


def _keys_left(seen: Observations, wanted: Expectation) -> list[str] | None:
    """Keys that somebody who is out may hold; None where that is not known."""
    if seen.keys.gone:
        return []
    if seen.keys.value is None or (wanted.keys is None and not wanted.everybody):
        return None
    return [k.key_id for k in seen.keys.value if wanted.everybody or k.key_id in (wanted.keys or ())]


def old_key_is_refused(seen: Observations, wanted: Expectation) -> Evidence:
    """AWS was asked with the old key itself, and does not know it.

    A key that could not be tried is not proven dead, though the user may have none: the secret may have held that of
    another user, and IAM forgets a key some seconds after it is deleted. Only an empty secret has no such key.
    """
    step, reading = "old key is refused", seen.old_key
    if reading.absent:
        return _row(step, reading, None, reading.detail)
    if reading.gone:
        nothing_left = _keys_left(seen, wanted) == []
        return _row(step, reading, nothing_left, "there is no key in the secret", remedies.secret_value(wanted))
    if reading.value is None:
        return _unread(step, reading, wanted, remedy=_remedy_of_secret(reading, wanted))
    trial = reading.value
    listed = trial.key_id in {k.key_id for k in seen.keys.value or ()}
    left = remedies.living_key(trial.key_id, trial.answer, listed, wanted) if trial.answer.startswith("arn:") else ""
    return _row(step, reading, trial.answer in DEAD_CODES, trial.answer, left or wanted.again)


def _remedy_of_secret(reading: Reading[object], wanted: Expectation) -> str:
    return remedies.secret_value(wanted) if not reading.permission and not reading.hint else ""


def secret_is_closed(seen: Observations, wanted: Expectation) -> Evidence:
    """Nobody outside the account may read the secret; or, where others stay, exactly those."""
    look = policy_commands.show_secret_policy(wanted.access, wanted.commands)
    return _closed("policy of the secret", seen.paths.secret, wanted, look, remedies.secret_policy)


def key_is_closed(seen: Observations, wanted: Expectation) -> Evidence:
    """Nobody outside the account may decrypt; or, where others stay, exactly those."""
    look = policy_commands.show_key_policy(wanted.access, wanted.commands)
    return _closed("policy of the key", seen.paths.key, wanted, look, remedies.key_policy)


def role_is_closed(seen: Observations, wanted: Expectation) -> Evidence:
    """Nobody outside the account may become the role, no service either; or, where others stay, exactly those."""
    look = policy_commands.show_trust(wanted.access, wanted.commands)
    return _closed("policy of the support role", seen.paths.trust, wanted, look, remedies.trust)


def _closed(step: str, reading: PathReading, wanted: Expectation, look: str, remedy: Remedy) -> Evidence:
    """An end that has come is no answer here: the statement still names somebody."""
    if reading.absent or reading.gone:
        return _row(step, reading, True if reading.gone else None, "it is gone" if reading.gone else reading.detail)
    if reading.value is None:
        return _unread(step, reading, wanted, look=look)
    unclear = [path.detail for path in reading.value if path.who == NOT_NAMED]
    named = [path for path in reading.value if path.who != NOT_NAMED]
    strange = [path for path in named if not wanted.stays(path.who)]
    answer = f"gives access to: {', '.join(sorted({p.who for p in named})) or 'nobody outside the account'}"
    if unclear:
        return _row(step, reading, False, f"{answer}; not understood: {'; '.join(unclear)}", remedies.take_out(look))
    return _row(step, reading, not strange, answer, remedy(strange, wanted))


def older_role_sessions_are_refused(seen: Observations, wanted: Expectation) -> Evidence:
    """IAM refuses a session that was begun before the cut."""
    step, reading = "older role sessions are refused", seen.older_role_session
    if reading.absent or reading.gone:
        return _row(step, reading, True if reading.gone else None, reading.detail)
    if reading.value is None:
        return _unread(step, reading, wanted, look=remedies.show_simulation(wanted.access.role_arn, wanted))
    decision = reading.value.decision
    return _row(step, reading, decision == "explicitDeny", decision, remedies.older_sessions(wanted))


def older_user_sessions_are_refused(seen: Observations, wanted: Expectation) -> Evidence:
    """Credentials that somebody made of the user's key earlier are refused: they outlive the key, and the next grant.

    The boundary refuses them, as the stack records it. Where the template has no grants, the revocation writes the
    statement into the user's own policy.
    """
    step, user, bounds = (
        "older temporary credentials of the user are refused",
        seen.policies.user,
        seen.paths.session_policy,
    )
    if user.absent or user.gone:
        return _row(step, user, True if user.gone else None, user.detail)
    reading = bounds if knows_grants(wanted.access) and not bounds.absent else user
    if reading.value is None:
        return _unread(step, reading, wanted, look=remedies.show_rights(wanted))
    policies = reading.value if isinstance(reading.value, tuple) else (reading.value,)
    recorded = parse_end(seen.grant.value.not_before) if seen.grant.value else None
    before, since = refused_before(policies), max(filter(None, (wanted.refused_since, recorded)), default=None)
    proven = before is not None and since is not None and before >= since
    answer = f"those issued before {before:{END_FORMAT}}" if before else "no statement refuses them"
    return _row(step, reading, proven, answer, remedies.older_user_sessions(wanted))


def support_policy_is_over(seen: Observations, wanted: Expectation) -> Evidence:
    """Whoever still had the key could start nothing: every right of user and role has its end in the past."""
    step, rights_read = "end of the support policies", (seen.policies.user, seen.policies.role)
    asked = Reading[object](", ".join(reading.asked for reading in rights_read), seen.at)
    if all(reading.absent for reading in rights_read):
        return _row(step, asked, None, "there is neither a support user nor a support role")
    if not wanted.everybody:
        return _row(step, asked, None, "others keep access, so they do not end now")
    if not knows_grants(wanted.access):
        return _row(step, asked, None, "the stack's template has no ends")
    for reading in rights_read:
        if reading.value is None and not reading.absent and not reading.gone:
            return _unread(step, reading, wanted, look=remedies.show_rights(wanted))
    unclear = [f"{p.name}: {problem}" for reading in rights_read for p in reading.value or () for problem in p.problems]
    rights = [s for reading in rights_read for _, s in _rights(reading)]
    ends = sorted({f"{s.until:{END_FORMAT}}" if s.until else f"{s.name} has no end" for s in rights})
    proven = not unclear and all(_is_over(s, seen.at) for s in rights)
    return _row(step, asked, proven, ", ".join([*unclear, *ends]) or "no such policy", _end_remedy(seen, wanted))


def _rights(reading: Reading[tuple[Policy, ...]]) -> Iterator[tuple[Policy, PolicyStatement]]:
    """What a grant opens and an end closes, from all policies together."""
    return ((policy, s) for policy in reading.value or () for s in policy.statements if is_bounded(s))


def _is_over(statement: PolicyStatement, now: datetime) -> bool:
    return statement.until is not None and statement.until <= now


def _end_remedy(seen: Observations, wanted: Expectation) -> str:
    """The stack writes the end; where it has, and a policy lacks it, somebody has changed that policy."""
    if seen.grant.value is None or not seen.grant.value.ended(seen.at):
        return f"The stack does not have the new end yet. When it is idle: {wanted.again}"
    access, policies = wanted.access, seen.policies
    whose = (("user", access.support_user, policies.user), ("role", access.support_role, policies.role))
    steps = (
        remedies.rights(kind, name, (right for right in _rights(reading) if not _is_over(right[1], seen.at)), wanted)
        for kind, name, reading in whose
    )
    return "; ".join(step for step in steps if step) or remedies.take_out(remedies.show_rights(wanted))


def a_session_would_be_refused(seen: Observations, wanted: Expectation) -> Evidence:
    """IAM refuses a new session of the user."""
    step, reading = "a new session would be refused", seen.new_session
    if reading.absent or not wanted.everybody:
        return _row(step, reading, None, reading.detail if reading.absent else "others keep access")
    if reading.gone:
        return _row(step, reading, True, "the support user is gone")
    if reading.value is None:
        return _unread(step, reading, wanted, look=remedies.show_simulation(wanted.access.user_arn, wanted))
    allowed = reading.value.decision == "allowed"
    return _row(step, reading, not allowed, reading.value.decision, _allowed_remedy(reading.value, seen, wanted))


def _allowed_remedy(simulation: Simulation, seen: Observations, wanted: Expectation) -> str:
    """The policies that permit something without an end; those that IAM named where none of the user's own does."""
    user = wanted.access.support_user
    endless = [
        (policy, statement)
        for policy in seen.policies.user.value or ()
        for statement in policy.statements
        if statement.allows and not _is_over(statement, seen.at) and statement.permits("ssm:StartSession")
    ]
    if endless:
        return remedies.rights("user", user, endless, wanted)
    groups = wanted.commands.aws("iam", "list-groups-for-user", "--user-name", user)
    allowing = ", ".join(simulation.policies) or "a policy that IAM does not name"
    return f"It is allowed by {allowing}; see its groups: {groups}"


def no_session_is_open(seen: Observations, wanted: Expectation) -> Evidence:
    """TerminateSession answers success for anything, so only this counts.

    A session near the stack whose owner is not known to be the customer's own may be the vendor's: of a support user
    who was removed meanwhile, of a federated user, of another role that lets a principal in who leaves.
    """
    step, reading = "no session is open", seen.sessions
    if reading.value is None:
        return _unread(step, reading, wanted, look=remedies.show_sessions(wanted))
    theirs = [session for session in reading.value if owned(session, wanted.access)]
    admitting = {path.name for path in path_verdicts.left_open(seen.paths.roles, seen.at, wanted)}
    strangers = [(session, why) for session in reading.value if (why := stranger(session, seen.owners, admitting))]
    shown = [s.session_id for s in theirs] + [f"{s.session_id} of {s.owner}, {why}" for s, why in strangers]
    rest = [s for s in reading.value if near(s, wanted.access) and s not in (*theirs, *(s for s, _ in strangers))]
    answer = (", ".join(shown) or "no session of the support user or role") + _goes_on(rest)
    unread = next((seen.owners[s.owner] for s, _ in strangers if seen.owners[s.owner].problem), None)
    if unread is not None and not theirs:
        return _row(step, reading, False, answer, remedies.unread(unread, wanted))
    return _row(step, reading, not shown, answer, remedies.sessions([*theirs, *(s for s, _ in strangers)], wanted))


def _goes_on(own: Iterable[Session]) -> str:
    """Whose sessions near the stack count as the customer's own: a person can tell whether they are."""
    named = ", ".join(f"{session.session_id} of {session.owner}" for session in own)
    return f"; open, and taken for your own: {named}" if named else ""


def database_is_closed(seen: Observations, wanted: Expectation) -> Evidence:
    """Support's users in the database have nothing open and can open nothing, as the database itself said."""
    step, reading = "database", seen.database
    if reading.absent:
        return _row(step, reading, None, reading.detail)
    if reading.value is None:
        return _row(step, reading, False, f"could not: {reading.detail}", database_lockdown.next_step(wanted.commands))
    outcome = reading.value
    return _row(
        step,
        reading,
        outcome.holds,
        database_lockdown.summary(outcome, wanted.commands),
        database_lockdown.next_step(wanted.commands, outcome),
    )


def _row(step: str, reading: Reading[object], proven: bool | None, answer: str, left: str = "") -> Evidence:
    return Evidence(step, reading.asked, answer, reading.at, proven, left if proven is False else "")


def _unread(
    step: str, reading: Reading[object], wanted: Expectation, instead: str = "", look: str = "", remedy: str = ""
) -> Evidence:
    return _row(step, reading, False, reading.detail or instead, remedy or remedies.unread(reading, wanted, look))


VERDICTS: tuple[Verdict, ...] = (
    stack_lets_nobody_else_in,
    keys_are_gone,
    old_key_is_refused,
    secret_is_closed,
    key_is_closed,
    role_is_closed,
    older_role_sessions_are_refused,
    older_user_sessions_are_refused,
    support_policy_is_over,
    a_session_would_be_refused,
    path_verdicts.other_credentials_are_gone,
    path_verdicts.no_group_is_left,
    path_verdicts.no_foreign_policy_is_left,
    path_verdicts.boundaries_are_the_stacks,
    path_verdicts.no_instance_has_the_role,
    path_verdicts.no_grant_on_the_key_is_left,
    path_verdicts.no_replica_of_the_secret_is_left,
    path_verdicts.no_other_role_lets_them_in,
    path_verdicts.the_keeper_obeys_nobody_else,
    path_verdicts.the_cluster_is_closed,
    no_session_is_open,
    database_is_closed,
)
