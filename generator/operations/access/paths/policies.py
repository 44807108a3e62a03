"""What the support user and the support role may do by policies that the stack did not make. Pure."""

from __future__ import annotations

import json

from generator.model.access_path import AccessPath, PathKind, PathReading
from generator.model.command_line import CommandLine
from generator.model.policy import Policy, PolicyStatement
from generator.model.reading import Reading
from generator.operations.access.expectation import knows_grants
from generator.operations.access.permission_summary import is_bounded
from generator.operations.access.role import POLICY_NAME
from generator.operations.access.stack_access import StackAccess

NO_TOKENS = "NoSessionTokens"
"""Who has the user's key makes no temporary credentials of it."""
ENDING = frozenset({"ssm:TerminateSession"})
"""What support may do after the end too: end its own sessions."""


def foreign_policies(
    kind: str,
    name: str,
    policies: Reading[tuple[Policy, ...]],
    session_policy: Reading[str],
    access: StackAccess,
    commands: CommandLine,
) -> PathReading:
    """A path for each policy of the user or role (`kind`) that permits more than the stack's own statements.

    `session_policy` is the ARN of the stack's managed policy. A policy that was not understood is one too.
    """
    if policies.value is None:
        return policies.unanswered()
    if session_policy.value is None:
        return session_policy.unanswered()
    paths: list[AccessPath] = []
    for policy in policies.value:
        foreign = foreign_statements(policy, session_policy.value, access)
        if foreign:
            paths.append(_path(kind, name, policy, foreign, policies.asked, commands))
        elif kind == "user" and _is_robbed(policy, access):
            paths.append(_robbed(name, policy, policies.asked, commands))
    return Reading(policies.asked, policies.at, tuple(paths))


def denials(policy: Policy) -> frozenset[str]:
    """The names of the statements that deny what they name always, on everything."""
    whole = (s for s in policy.statements if (s.effect, s.resources) == ("Deny", ("*",)) and not s.conditions)
    return frozenset(s.name for s in whole if not s.inverted and s.actions == DENIED.get(s.name))


DENIED = {NO_TOKENS: ("sts:GetSessionToken",)}


def _is_robbed(policy: Policy, access: StackAccess) -> bool:
    """Whether it is the stack's own policy of the user, without its denial: somebody took that out, or narrowed it."""
    is_ours = not policy.arn and policy.name == POLICY_NAME and any(s.allows for s in policy.statements)
    return is_ours and knows_grants(access) and NO_TOKENS not in denials(policy)


def _robbed(name: str, policy: Policy, seen: str, commands: CommandLine) -> AccessPath:
    whose = ("--user-name", name, "--policy-name", policy.name)
    show = commands.aws("iam", "get-user-policy", *whose, "--query", "PolicyDocument")
    put = commands.aws("iam", "put-user-policy", *whose, "--policy-document", "file://user-policy.json")
    statement = json.dumps({"Sid": NO_TOKENS, "Effect": "Deny", "Action": DENIED[NO_TOKENS][0], "Resource": "*"})
    repair = f"Put {statement} back into it: {show} > user-policy.json; edit it; {put}"
    return AccessPath(PathKind.POLICY, policy.name, name, seen, repair, detail=f"lacks the denial {NO_TOKENS}")


def foreign_statements(policy: Policy, session_policy: str, access: StackAccess) -> list[str]:
    """The names of the statements that permit something and are not the stack's, and of parts not understood."""
    is_ours = policy.arn == session_policy if policy.arn else policy.name == POLICY_NAME
    if is_ours and not knows_grants(access):
        return list(policy.problems)  # the vendor's published template has statements of its own
    foreign = (s.name for s in policy.statements if s.allows and not (is_ours and _is_of_the_stack(s)))
    return [*policy.problems, *foreign]


def _is_of_the_stack(statement: PolicyStatement) -> bool:
    """Its end is judged elsewhere; what has none in the template ends sessions and nothing else."""
    return is_bounded(statement) or (set(statement.actions) == ENDING and "NotAction" not in statement.inverted)


def _path(kind: str, name: str, policy: Policy, foreign: list[str], seen: str, commands: CommandLine) -> AccessPath:
    whose = (f"--{kind}-name", name)
    if policy.arn:
        remove = commands.aws("iam", f"detach-{kind}-policy", *whose, "--policy-arn", policy.arn)
    else:
        remove = commands.aws("iam", f"delete-{kind}-policy", *whose, "--policy-name", policy.name)
    detail = f"of the support {kind}: {', '.join(foreign)}"
    return AccessPath(PathKind.POLICY, policy.name, name, seen, remove, detail=detail)
