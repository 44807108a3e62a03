"""The permissions boundary of the support user and role: while it is the stack's, nothing can permit them more."""

from __future__ import annotations

from collections.abc import Callable

from generator.gateway.aws import Gateway
from generator.model.access_path import AccessPath, PathKind, PathReading
from generator.model.policy import Policy
from generator.model.reading import Reading
from generator.operations.access.live_policies import LivePolicies
from generator.operations.access.paths.policies import NO_TOKENS, denials, foreign_statements
from generator.operations.access.readings import absent, read
from generator.operations.access.stack_access import StackAccess


def read_session_policy(
    gateway: Gateway, access: StackAccess, session_policy: Reading[str], live: LivePolicies
) -> Reading[Policy]:
    """The stack's managed policy in force, which is the boundary of user and role. Not asked again where it was read.

    `session_policy` is its ARN; empty where the stack's template has none.
    """
    asked = "iam:GetPolicy, iam:GetPolicyVersion"
    if not access.has_holder:
        return absent(asked, "there is neither a support user nor a support role")
    if session_policy.value is None:
        return session_policy.unanswered()
    if not (arn := session_policy.value):
        return absent(asked, "its template has no permissions boundary")
    attached = (policy for reading in (live.user, live.role) for policy in reading.value or ())
    known = next((policy for policy in attached if policy.arn == arn), None)
    return read(asked, lambda: known or gateway.iam.managed_policy(arn))


def widened(gateway: Gateway, access: StackAccess, policy: Reading[Policy]) -> PathReading:
    """A path where the stack's managed policy permits more than the template says, or lacks one of its denials."""
    if policy.value is None:
        return policy.unanswered()
    foreign = foreign_statements(policy.value, policy.value.arn, access)
    lost = [] if NO_TOKENS in denials(policy.value) else [NO_TOKENS]
    if not foreign and not lost:
        return Reading(policy.asked, policy.at, ())
    arn = policy.value.arn
    versions = gateway.commands.aws("iam", "list-policy-versions", "--policy-arn", arn)
    remove = f"Make the version that the stack wrote the default again (set-default-policy-version): {versions}"
    details = [f"permits more than the stack's: {', '.join(foreign)}"] if foreign else []
    details += [f"lacks the denial {', '.join(lost)}"] if lost else []
    return Reading(
        policy.asked,
        policy.at,
        (AccessPath(PathKind.BOUNDARY, arn, "", policy.asked, remove, detail="; ".join(details)),),
    )


def boundary(gateway: Gateway, kind: str, name: str, session_policy: Reading[str]) -> PathReading:
    """A path where the boundary of the user or role (`kind`) is not the stack's policy; none where it is.

    `session_policy` is that policy's ARN; empty where the stack's template has no such policy.
    """
    ask: dict[str, Callable[[str], str]] = {"user": gateway.iam.user_boundary, "role": gateway.iam.role_boundary}
    asked = f"iam:Get{kind.title()}"
    if not name:
        return absent(asked, f"there is no support {kind}")
    if session_policy.value == "":
        return absent(asked, "its template has no permissions boundary")
    if session_policy.value is None:
        return session_policy.unanswered()
    wanted = session_policy.value

    def paths() -> tuple[AccessPath, ...]:
        live = ask[kind](name)
        if live == wanted:
            return ()
        put = (f"put-{kind}-permissions-boundary", f"--{kind}-name", name, "--permissions-boundary", wanted)
        remove = gateway.commands.aws("iam", *put)
        detail = f"of the support {kind}; the stack's is {wanted}"
        return (AccessPath(PathKind.BOUNDARY, live or "that was removed", name, asked, remove, detail=detail),)

    return read(asked, paths)
