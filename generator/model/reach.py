"""Whether a policy lets its holder do anything to given resources: what is not understood counts as yes."""

from __future__ import annotations

from collections.abc import Collection

from generator.model.policy import Policy, PolicyStatement
from generator.model.wildcards import like

LOOKING = frozenset(
    {
        "ec2:describeinstances",
        "ssm:describeinstanceinformation",
        "ssm:getconnectionstatus",
        "ssmmessages:opendatachannel",  # of a session whose token one has
    }
)
"""Actions that open nothing, whatever they name."""
OWN = frozenset({"ssm:resumesession", "ssm:terminatesession"})
OWN_TAG = "aws:ssmmessages:session-id"
OWN_NAME = "${aws:username}"


def reaches(policy: Policy, arns: Collection[str]) -> bool:
    """Whether the policy may permit anything that opens one of these resources, or somebody else's session.

    Conditions count as met. Of a permissions boundary the answer no is final: it caps whatever else its role is given.
    Source: IAM user guide, "Permissions boundaries for IAM entities".
    """
    return bool(policy.problems) or any(_opens(statement, arns) for statement in policy.statements)


def _opens(statement: PolicyStatement, arns: Collection[str]) -> bool:
    if not statement.allows:
        return False
    if statement.inverted or statement.problems or not statement.actions or not statement.resources:
        return True
    actions = {action.lower() for action in statement.actions}
    if actions <= LOOKING or (actions <= OWN and _is_own(statement)):
        return False
    return any(_names(pattern, arns) for pattern in statement.resources)


def _is_own(statement: PolicyStatement) -> bool:
    """Whether it is about the caller's own sessions only: by Session Manager's tag, or by a user's name."""
    tagged = any(op.startswith("StringLike") and key.endswith(OWN_TAG) for op, key in statement.conditions)
    return tagged or all(OWN_NAME in resource for resource in statement.resources)


def _names(pattern: str, arns: Collection[str]) -> bool:
    """Whether a resource of a statement may be one of these, or a session, which no name tells from another's."""
    return ":session/" in pattern or any(like(pattern, arn) for arn in arns)
