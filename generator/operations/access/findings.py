"""What a careful person would look at: grants without end, old or idle keys, statements made by hand. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from generator.model.access import AccessFinding, AccessKey, AccessPolicy, AccessState
from generator.model.grant import Grant
from generator.model.policy import PolicyStatement
from generator.operations.access.access_policies import KEY, ROLE, SECRET
from generator.operations.access.permission_summary import KEY_SID, ROLE_SID, SECRET_SID

OURS = {
    SECRET: frozenset({SECRET_SID}),
    ROLE: frozenset({ROLE_SID, "NobodyAssumes"}),
    KEY: frozenset({"AccountAdministersTheKey", "LogsEncryptTheSessionLog", KEY_SID}),
}


def findings(state: AccessState, now: datetime) -> tuple[AccessFinding, ...]:
    """Everything worth a warning, in the order of its weight."""
    return (
        *(finding for door in state.policies for finding in _of_door(door, state.account)),
        *_of_grant(state.grant, state.policies, now),
        *_of_ends(state),
        *_of_pause(state),
        *(finding for key in state.keys for finding in _of_key(key, state, now)),
    )


def by_hand(door: AccessPolicy) -> tuple[PolicyStatement, ...]:
    """Statements of the secret's or the key's policy that this template does not make."""
    ours = OURS.get(door.name)
    return () if ours is None else tuple(s for s in door.statements if s.sid not in ours)


def _of_door(door: AccessPolicy, account: str) -> Iterator[AccessFinding]:
    if door.unreadable:
        yield AccessFinding(f"policy of the {door.name}", f"could not be read: {door.unreadable}", "deployer doctor")
    for statement in by_hand(door):
        who = ", ".join(p.value for p in statement.principals) or "everyone"
        yield AccessFinding(
            f"policy of the {door.name}",
            f"statement {statement.sid or '(without Sid)'} was put there by hand: {statement.effect} {who}",
            "Remove it, or keep it knowingly: a grant would overwrite it",
        )
    for statement in door.statements:
        for principal in statement.dead_principals:
            yield AccessFinding(
                f"policy of the {door.name}",
                f"{principal} in statement {statement.sid or '(without Sid)'} is a role or user that no longer exists",
                "deployer access revoke --all, then grant again",
            )
        if statement.allows and "*" in statement.accounts and not statement.conditions:
            yield AccessFinding(f"policy of the {door.name}", "lets everyone in", "deployer access revoke --all")


def _of_grant(grant: Grant, doors: tuple[AccessPolicy, ...], now: datetime) -> Iterator[AccessFinding]:
    if grant.principals and grant.until is None:
        yield AccessFinding("grant", "has no end", "deployer access grant --principal ARN --for 8h")
    if grant.paused:
        yield AccessFinding("role", "is paused", "deployer access resume")
    if grant.principals and grant.ended(now):
        yield AccessFinding("grant", "is over; the policies still name its principals", "deployer access revoke --all")


def _of_ends(state: AccessState) -> Iterator[AccessFinding]:
    if any(end != state.grant.until for end in state.ends):
        yield AccessFinding(
            "end", "is not the same in the policies and on the stack", "deployer access revoke --all, then grant again"
        )


def _of_pause(state: AccessState) -> Iterator[AccessFinding]:
    if state.grant.principals and state.keys and not any(key.active for key in state.keys):
        yield AccessFinding(
            "keys", "are paused: none is active, so the secret lets nobody in", "deployer access resume"
        )


def _of_key(key: AccessKey, state: AccessState, now: datetime) -> Iterator[AccessFinding]:
    if key.active and key.old(now):
        yield AccessFinding(f"key {key.key_id}", "is older than 90 days", "deployer access rotate")
    if key.active and state.grant.principals and key.idle(now, state.changed):
        yield AccessFinding(
            f"key {key.key_id}", "was never used since access was granted", "deployer access revoke --all"
        )
