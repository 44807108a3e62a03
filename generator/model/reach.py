"""Whether policies let their holder do anything that opens given resources: what is not understood counts as yes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache

from generator.model.access import AccountRole
from generator.model.policy import Policy, PolicyStatement
from generator.model.wildcards import like

VERBS = (
    *("adminget", "adminlist", "batchcheck", "batchdescribe", "batchdetect", "batchget", "batchread", "check"),
    *("count", "describe", "detect", "discover", "download", "estimate", "evaluate", "generate", "get", "is", "list"),
    *("lookup", "preview", "query", "read", "resolve", "retrieve", "sample", "scan", "search", "select", "simulate"),
    *("test", "validate", "verify", "view"),
)
"""An action whose name begins so changes nothing, but for GIVING (service authorization reference)."""
GIVING = ("secretsmanager:batchgetsecretvalue", "secretsmanager:getsecretvalue", "ssm-guiconnect:getconnection")
"""What these read gives access itself."""
LOOKING = frozenset(
    {
        "codedeploy:batch*",
        "config:deliver*",
        "devops-guru:startcostestimation",
        "elasticbeanstalk:request*",
        "eks:accesskubernetesapi",  # what it shows there, the cluster's access entries decide
        "iam:createservicelinkedrole",
        "ssmmessages:opendatachannel",  # of a session whose token one has
        "sts:decodeauthorizationmessage",
        "sts:setsourceidentity",
        "sts:tagsession",
    }
)
"""Other actions that open nothing, whatever they name."""
ELSEWHERE = frozenset(
    {
        *("access-analyzer", "acm", "aps", "athena", "budgets", "cassandra", "ce", "cloudwatch", "codecommit"),
        *("comprehend", "cur", "dax", "dynamodb", "ecr", "ecr-public", "es", "firehose", "guardduty", "health"),
        *("inspector2", "kendra", "kinesis", "logs", "mediaconvert", "polly", "pricing", "rekognition", "route53"),
        *("route53domains", "s3", "s3-object-lambda", "s3express", "s3vectors", "sdb", "securityhub", "servicequotas"),
        *("ses", "sns", "sqs", "support", "swf", "trustedadvisor", "wellarchitected", "workdocs", "xray"),
    }
)
"""Services that change nothing of what lets somebody in. One that is not listed counts as one that may."""
EVERYTHING = "*"
OWN = frozenset({"ssm:resumesession", "ssm:terminatesession"})
OWN_TAG = "aws:ssmmessages:session-id"
OWN_NAME = "${aws:username}"


def reaches(policy: Policy, arns: Collection[str]) -> bool:
    """Whether the policy may permit anything that opens one of these resources, or somebody else's session.

    Conditions count as met, and a Deny counts for nothing. Of a permissions boundary the answer no is final: it caps
    whatever else its role is given. Source: IAM user guide, "Permissions boundaries for IAM entities".
    """
    return _matches(_opening(policy), arns)


def reaching(roles: Iterable[AccountRole], arns: Collection[str]) -> frozenset[str]:
    """The ARNs of the roles that reach these resources by their policies, also through each other.

    Whoever may assume one of them, or pass it to a service, reaches what it reaches.
    """
    known: frozenset[str] = frozenset()
    rest = [(role.arn, _opening_of(role), _allowed_by(role.boundary)) for role in roles]
    while more := {arn for arn, *both in rest if all(_matches(patterns, {*arns, *known}) for patterns in both)}:
        known |= more
        rest = [each for each in rest if each[0] not in more]
    return known


def _opening_of(role: AccountRole) -> frozenset[str]:
    return frozenset().union(*map(_opening, role.policies))


def _allowed_by(boundary: Policy | None) -> frozenset[str]:
    return frozenset({EVERYTHING}) if boundary is None else _opening(boundary)


def _opening(policy: Policy) -> frozenset[str]:
    """The patterns of the resources on which it permits what may open something; EVERYTHING for what names none."""
    if policy.problems:
        return frozenset({EVERYTHING})
    return frozenset(pattern for statement in policy.statements for pattern in _opened(statement))


def _opened(statement: PolicyStatement) -> tuple[str, ...]:
    if not statement.allows:
        return ()
    if statement.problems or not statement.actions or not statement.resources or "NotAction" in statement.inverted:
        return (EVERYTHING,)
    actions = {action.lower() for action in statement.actions if not _is_harmless(action.lower())}
    if not actions or (actions <= OWN and _is_own(statement)):
        return ()
    if "NotResource" in statement.inverted or any(_changes_permissions(action) for action in actions):
        return (EVERYTHING,)
    return statement.resources


@cache
def _is_harmless(action: str) -> bool:
    """Whether every action that this pattern matches only reads, or belongs to a service that opens nothing."""
    service, _, name = action.partition(":")
    if service in ELSEWHERE or action in LOOKING:
        return True
    if not name or "*" in service or "?" in service or any(like(action, giving) for giving in GIVING):
        return False
    return name.split("*")[0].split("?")[0].startswith(VERBS)


def _changes_permissions(action: str) -> bool:
    """Whether it may give its holder more, whatever resource it names. A role that is passed is named by its ARN."""
    return action.startswith("iam:") and not action.startswith("iam:pass")


def _is_own(statement: PolicyStatement) -> bool:
    """Whether it is about the caller's own sessions only: by Session Manager's tag, or by a user's name."""
    tagged = any(op.startswith("StringLike") and key.endswith(OWN_TAG) for op, key in statement.conditions)
    return tagged or all(OWN_NAME in resource for resource in statement.resources)


def _matches(patterns: Collection[str], arns: Collection[str]) -> bool:
    """Whether one may be one of these resources, or a session, which no name tells from another's."""
    return any(":session/" in pattern or any(like(pattern, arn) for arn in arns) for pattern in patterns)
