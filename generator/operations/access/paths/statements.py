"""The statements of the secret's, the key's and the role's policies that let somebody in. Pure."""

from __future__ import annotations

from collections.abc import Callable

from generator.model.access_path import AccessPath, PathKind, PathReading
from generator.model.command_line import CommandLine
from generator.model.policy import Policy
from generator.model.reading import Reading
from generator.operations.access import policy_commands
from generator.operations.access.live_policies import LivePolicies
from generator.operations.access.outsiders import Opening, outsiders
from generator.operations.access.permission_summary import KEY_SID, ROLE_SID, SECRET_SID
from generator.operations.access.stack_access import StackAccess

NOT_NAMED = "somebody whom it does not name clearly"


def secret(live: LivePolicies, access: StackAccess, commands: CommandLine) -> PathReading:
    """Who may read the secret by its own policy."""
    edit = policy_commands.secret_policy(access, commands)
    return _paths(PathKind.SECRET, live.secret, SECRET_SID, edit, lambda policy: outsiders(policy, access))


def key(live: LivePolicies, access: StackAccess, commands: CommandLine) -> PathReading:
    """Who may decrypt by the key's policy."""
    edit = policy_commands.key_policy(access, commands)
    return _paths(PathKind.KEY, live.key, KEY_SID, edit, lambda policy: outsiders(policy, access))


def trust(live: LivePolicies, access: StackAccess, commands: CommandLine) -> PathReading:
    """Who may become the support role; a service of AWS too."""
    edit = policy_commands.trust(access, commands)
    return _paths(PathKind.TRUST, live.trust, ROLE_SID, edit, lambda policy: outsiders(policy, access, services=False))


def _paths(
    kind: PathKind, policy: Reading[Policy], sid: str, edit: str, find: Callable[[Policy], tuple[Opening, ...]]
) -> PathReading:
    """A path for each whom a statement lets in, and for each part that was not understood."""
    if policy.value is None:
        return policy.unanswered()
    named = (_path(kind, opening, policy.asked, sid, edit) for opening in find(policy.value))
    unclear = (
        AccessPath(kind, "not understood", NOT_NAMED, policy.asked, f"Read it: {edit}", detail=problem)
        for problem in policy.value.problems
    )
    return Reading(policy.asked, policy.at, (*named, *unclear))


def _path(kind: PathKind, opening: Opening, seen: str, sid: str, edit: str) -> AccessPath:
    statement = opening.statement
    return AccessPath(
        kind,
        statement.name,
        opening.who,
        seen,
        f"Remove the statement {statement.name} ({opening.who}): {edit}",
        until=statement.until,
        detail=f"gives {opening.who} access",
        by_stack=statement.sid == sid,
    )
