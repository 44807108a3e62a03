"""What a careful person would look at: grants without end, old or idle keys, statements made by hand. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from generator.model.access import AccessFinding, AccessKey, AccessPolicy, AccessState
from generator.model.access_path import AccessPath, PathKind
from generator.model.command_line import CommandLine
from generator.model.grant import Grant
from generator.model.policy import PolicyStatement
from generator.operations.access.access_policies import GONE, KEY, ROLE, SECRET, SIDS
from generator.operations.access.permission_summary import KEY_SID, ROLE_SID, SECRET_SID

IN_POLICIES = frozenset({PathKind.SECRET, PathKind.KEY})
"""Their statements have findings of their own, also those that let in nobody from outside."""
OURS = {
    SECRET: frozenset({SECRET_SID}),
    ROLE: frozenset({ROLE_SID, "NobodyAssumes"}),
    KEY: frozenset({"AccountAdministersTheKey", "LogsEncryptTheSessionLog", KEY_SID}),
}


def findings(state: AccessState, now: datetime, commands: CommandLine) -> tuple[AccessFinding, ...]:
    """Everything worth a warning, in the order of its weight."""
    return (
        *(AccessFinding(each.subject, each.answer, each.hint) for each in state.broken),
        *(AccessFinding(path.kind, _of_path(path), path.remove) for path in _foreign_paths(state, now)),
        *(AccessFinding("access paths", f"could not be read: {unread}") for unread in state.unread),
        *(finding for policy in state.policies for finding in _of_policy(policy, state.account, commands)),
        *(finding for policy in state.policies for finding in _of_erased(policy, state, now, commands)),
        *_of_grant(state.grant, now, commands),
        *_of_ends(state, commands),
        *_of_pause(state, commands),
        *(finding for key in state.keys for finding in _of_key(key, state, now, commands)),
    )


def _foreign_paths(state: AccessState, now: datetime) -> Iterator[AccessPath]:
    """The open paths that no grant opens now; the one to a cluster, which has no end, when the grant's has come."""
    for path in state.paths:
        is_granted = path.by_stack and not (path.kind is PathKind.CLUSTER and state.grant.ended(now))
        if path.is_open(now) and not (is_granted or path.kind in IN_POLICIES):
            yield path


def _of_path(path: AccessPath) -> str:
    if path.by_stack or path.kind is PathKind.SESSION:
        return path.named
    since = f", {path.since:%Y-%m-%d %H:%M}" if path.since else ""
    if path.kind is PathKind.BOUNDARY:  # the stack made one, which was taken away, replaced or widened
        return f"{path.named}: not as the stack made it{since}"
    if path.kind is PathKind.ROLE:  # it may be a role of the stack, and its date says nothing of its trust
        return f"{path.named}: the stack did not let them in"
    return f"{path.named}: the stack did not create it{since}"


def foreign(policy: AccessPolicy) -> tuple[PolicyStatement, ...]:
    """Statements of the secret's or the key's policy that this template does not make."""
    ours = OURS.get(policy.name)
    return () if ours is None else tuple(s for s in policy.statements if s.sid not in ours)


def _of_policy(policy: AccessPolicy, account: str, commands: CommandLine) -> Iterator[AccessFinding]:
    if policy.unreadable:
        yield AccessFinding(f"policy of the {policy.name}", f"could not be read: {policy.unreadable}")
    for statement in foreign(policy):
        who = ", ".join(p.value for p in statement.principals) or "everyone"
        yield AccessFinding(
            f"policy of the {policy.name}",
            f"statement {statement.sid or '(without Sid)'} was added by hand: {statement.effect} {who}",
            "Remove it, or keep it deliberately: a grant would overwrite it",
        )
    for statement in policy.statements:
        for principal in statement.dead_principals:
            yield AccessFinding(
                f"policy of the {policy.name}",
                f"{principal} in statement {statement.sid or '(without Sid)'} is a role or user that no longer exists",
                f"{_revoke(commands)}; then grant again",
            )
        if statement.allows and "*" in statement.accounts and not statement.conditions:
            yield AccessFinding(f"policy of the {policy.name}", "gives everyone access", _revoke(commands))


def _of_erased(
    policy: AccessPolicy, state: AccessState, now: datetime, commands: CommandLine
) -> Iterator[AccessFinding]:
    """A grant whose statement somebody took out of a policy, or replaced together with the whole policy."""
    sid, grant = SIDS.get(policy.name), state.grant
    unknown = bool(policy.unreadable) and policy.unreadable != GONE
    if sid is None or unknown or grant.paused or not grant.live(now) or not _uses(state, sid):
        return
    if any(s.sid == sid for s in policy.statements):
        return
    who = ", ".join(principal.arn for principal in grant.principals)
    again = [word for principal in grant.principals for word in ("--principal", principal.arn)]
    yield AccessFinding(
        f"policy of the {policy.name}",
        f"the statement {sid} of the grant to {who} is not in it any more: somebody replaced the policy",
        f"A grant with another end writes it again: {commands.deployer('access', 'grant', *again, '--for', '8h')}",
    )


def _uses(state: AccessState, sid: str) -> bool:
    """Whether the grant's statement of this name belongs into a policy of this stack."""
    return (
        state.grant.allows_path("role")
        if sid == ROLE_SID
        else bool(state.secret_arn) and state.grant.allows_path("secret")
    )


def _of_grant(grant: Grant, now: datetime, commands: CommandLine) -> Iterator[AccessFinding]:
    if grant.principals and grant.until is None:
        yield AccessFinding(
            "grant", "has no end", commands.deployer("access", "grant", "--principal", "ARN", "--for", "8h")
        )
    if grant.paused:
        yield AccessFinding("access", "is paused", commands.deployer("access", "resume"))
    if grant.principals and grant.ended(now):
        yield AccessFinding("grant", "has ended; the policies still name its principals", _revoke(commands))


def _of_ends(state: AccessState, commands: CommandLine) -> Iterator[AccessFinding]:
    if any(end != state.grant.until for end in state.ends):
        yield AccessFinding(
            "end", "differs between the policies and the stack", f"{_revoke(commands)}; then grant again"
        )


def _of_pause(state: AccessState, commands: CommandLine) -> Iterator[AccessFinding]:
    if state.grant.principals and state.keys and not any(key.active for key in state.keys):
        yield AccessFinding(
            "keys",
            "none is active while access is paused, so the secret gives nobody access",
            commands.deployer("access", "resume"),
        )


def _of_key(key: AccessKey, state: AccessState, now: datetime, commands: CommandLine) -> Iterator[AccessFinding]:
    if key.active and key.old(now):
        yield AccessFinding(f"key {key.key_id}", "is older than 90 days", commands.deployer("access", "rotate"))
    if key.active and state.grant.principals and key.idle(now, state.changed):
        yield AccessFinding(f"key {key.key_id}", "was never used since access was granted", _revoke(commands))


def _revoke(commands: CommandLine) -> str:
    return commands.deployer("access", "revoke", "--all")
