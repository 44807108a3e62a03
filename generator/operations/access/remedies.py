"""The next step where something is not proven: what to remove and by which command, or the permission to ask for. Pure.

The same revocation again is a next step only where it can help: after a failure that passes, or once it may do more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from generator.model.access_path import AccessPath
from generator.model.arn import Arn
from generator.model.policy import Policy, PolicyStatement
from generator.model.reading import Problem, Reading
from generator.model.session import Session
from generator.operations.access import policy_commands
from generator.operations.access.expectation import Expectation, knows_grants
from generator.operations.access.role import POLICY_NAME
from generator.policies.document import document, plain
from generator.policies.support import no_older_sessions

REQUEST_ID = "Request id"
"""How the hint begins of a failure that AWS alone can explain: no next step."""
DEFECT = "This is a defect of deployer: please report this line. The other checks show what is still open"


def unread(reading: Reading[object], wanted: Expectation, look: str = "") -> str:
    """After a question that had no answer. `look` is the command that shows a person what could not be read."""
    return after_failure(reading.problem, reading.permission or reading.asked, reading.hint, wanted, look)


def after_failure(problem: Problem | None, permission: str, hint: str, wanted: Expectation, look: str = "") -> str:
    """After a step or a question that failed."""
    if problem is Problem.REFUSED:
        return f"Needs {permission}: use credentials that have it (--profile NAME), then: {wanted.again}"
    if problem is Problem.TRANSIENT:
        return f"AWS was temporarily unavailable. In a few minutes: {wanted.again}"
    if problem is Problem.UNREADABLE:
        return take_out(look) if look else DEFECT
    first = hint.rstrip(".") if hint and not hint.startswith(REQUEST_ID) else "Resolve what AWS reports there"
    return f"{first}; then: {wanted.again}"


def take_out(look: str) -> str:
    """Where it takes a person to understand what is there."""
    return f"Check it yourself, and remove whatever gives anybody access: {look}"


def leftover_grant(wanted: Expectation) -> str:
    """A grant of which only the parameters are left, as somebody else removed the support user and role.

    CloudFormation takes an update that changes only such parameters for none at all; one that makes the support user
    ends the grant with it.
    """
    return f"{wanted.commands.deployer('up', '--support-user=yes')}; then: {wanted.again}"


def keys(ids: Iterable[str], user: str, wanted: Expectation) -> str:
    """Keys that are still there."""
    delete = ("iam", "delete-access-key", "--user-name", user, "--access-key-id")
    return "; ".join(wanted.commands.aws(*delete, key_id) for key_id in ids)


def living_key(key_id: str, owner: str, listed: bool, wanted: Expectation) -> str:
    """A key that AWS still takes. Once it is deleted, IAM needs some seconds until every part of it knows."""
    arn = Arn.find(owner)
    user = arn.last_name if arn and arn.kind == "user" else ""
    if user and (listed or user != wanted.access.support_user):
        return keys([key_id], user, wanted)
    if user:
        return f"The key is deleted, but it is still accepted. In a minute: {wanted.again}"
    return f"Deactivate the access key {key_id}, which is not the support user's: it belongs to {owner}"


def secret_value(wanted: Expectation) -> str:
    """A value of the secret that no key can be read from: what the vendor had cannot be tried."""
    remove, anew = (wanted.commands.deployer("up", f"--support-user={answer}") for answer in ("no", "yes"))
    return f"The key that was in it cannot be tested. Remove user and secret: {remove} (to create new ones: {anew})"


def secret_policy(paths: Iterable[AccessPath], wanted: Expectation) -> str:
    """Statements of the secret's policy."""
    if wanted.everybody:
        secret = ("--secret-id", wanted.access.secret_arn)
        return f"Remove {_named(paths)}: {wanted.commands.aws('secretsmanager', 'delete-resource-policy', *secret)}"
    return _edited(paths, "the secret's policy", policy_commands.secret_policy(wanted.access, wanted.commands))


def key_policy(paths: Iterable[AccessPath], wanted: Expectation) -> str:
    """Statements of the key's policy."""
    return _edited(paths, "the key's policy", policy_commands.key_policy(wanted.access, wanted.commands))


def trust(paths: Iterable[AccessPath], wanted: Expectation) -> str:
    """Statements of the role's trust policy."""
    return _edited(paths, "the role's trust policy", policy_commands.trust(wanted.access, wanted.commands))


def show_keys(wanted: Expectation) -> str:
    """The command that lists the user's keys."""
    return wanted.commands.aws("iam", "list-access-keys", "--user-name", wanted.access.support_user)


def show_sessions(wanted: Expectation) -> str:
    """The command that lists live sessions."""
    return wanted.commands.aws("ssm", "describe-sessions", "--state", "Active")


def show_rights(wanted: Expectation) -> str:
    """The command that lists the policies of user or role."""
    kind, name = (
        ("user", wanted.access.support_user) if wanted.access.support_user else ("role", wanted.access.support_role)
    )
    return wanted.commands.aws("iam", f"list-attached-{kind}-policies", f"--{kind}-name", name)


def show_simulation(arn: str, wanted: Expectation) -> str:
    """The command that asks IAM's simulator."""
    asked = ("--policy-source-arn", arn, "--action-names", "ssm:StartSession")
    return wanted.commands.aws("iam", "simulate-principal-policy", *asked)


def _edited(paths: Iterable[AccessPath], what: str, edit: str) -> str:
    return f"Remove {_named(paths)} from {what}: {edit}"


def _named(paths: Iterable[AccessPath]) -> str:
    who: dict[str, list[str]] = {}
    for path in paths:
        who.setdefault(path.name, []).append(path.who)
    return " and ".join(f"the statement {name} ({', '.join(names)})" for name, names in who.items())


def older_sessions(wanted: Expectation) -> str:
    """The statement that refuses older sessions, put into the role's policy by hand."""
    policy = json.dumps(plain(document([no_older_sessions(wanted.after.not_before)])))
    role = ("--role-name", wanted.access.support_role, "--policy-name", POLICY_NAME)
    return f"Add it: {wanted.commands.aws('iam', 'put-role-policy', *role, '--policy-document', policy)}"


def older_user_sessions(wanted: Expectation) -> str:
    """The same for the user: in the stack's managed policy, or in the user's own where there are no grants."""
    if not knows_grants(wanted.access):
        missing = f"The policy {POLICY_NAME} lacks the statement that refuses them by aws:TokenIssueTime"
        return f"{missing}. With iam:PutUserPolicy, and room in that policy: {wanted.again}"
    upgrade = wanted.commands.deployer("upgrade")
    return (
        "The stack's managed policy, which is the boundary, lacks the statement NoOlderSessions that refuses them by "
        f"aws:TokenIssueTime. Update the stack, which writes it: {upgrade}; then: {wanted.again}"
    )


def rights(kind: str, name: str, statements: Iterable[tuple[Policy, PolicyStatement]], wanted: Expectation) -> str:
    """Statements that permit the user or role something without an end."""
    policies: dict[str, tuple[Policy, list[str]]] = {}
    for policy, statement in statements:
        policies.setdefault(policy.name, (policy, []))[1].append(statement.name)
    return "; ".join(_removed(kind, name, policy, sids, wanted) for policy, sids in policies.values())


def _removed(kind: str, name: str, policy: Policy, sids: list[str], wanted: Expectation) -> str:
    whose = (f"--{kind}-name", name)
    if policy.arn:
        command = wanted.commands.aws("iam", f"detach-{kind}-policy", *whose, "--policy-arn", policy.arn)
    else:
        command = wanted.commands.aws("iam", f"delete-{kind}-policy", *whose, "--policy-name", policy.name)
    return f"Remove the policy {policy.name} ({', '.join(sids)}) from the {kind}: {command}"


def sessions(open_ones: Iterable[Session], wanted: Expectation) -> str:
    """Sessions that are still open."""
    return "; ".join(
        wanted.commands.aws("ssm", "terminate-session", "--session-id", session.session_id) for session in open_ones
    )
