"""What IAM, KMS and Secrets Manager refuse about a policy document before they store it. Pure functions.

The messages are the services' own where they are known (IAM user guide, "Troubleshoot IAM policies").
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

Json = dict[str, Any]


class Kind(Enum):
    """What a policy is attached to: an identity, a resource, or a role as its trust policy."""

    IDENTITY = "identity"
    RESOURCE = "resource"
    TRUST = "trust"


_DOCUMENT_KEYS = {"Version", "Id", "Statement"}
_STATEMENT_KEYS = {
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
    "Principal",
    "NotPrincipal",
}
_VERSIONS = {"2012-10-17", "2008-10-17"}
_OPERATOR = re.compile(
    r"(ForAllValues:|ForAnyValue:)?(Null|(String(Not)?(Equals(IgnoreCase)?|Like)"
    r"|Numeric((Not)?Equals|(LessThan|GreaterThan)(Equals)?)|Date((Not)?Equals|(LessThan|GreaterThan)(Equals)?)"
    r"|Bool|BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like))(IfExists)?)",
    re.IGNORECASE,
)
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
# Condition keys that restrict a wildcard principal to named accounts, principals or networks.
_RESTRICTING = {
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
}


def fault(document: object, kind: Kind) -> str:
    """What is wrong with a policy document (JSON text or parsed) as one sentence; "" if nothing is."""
    policy = _parsed(document)
    if policy is None:
        return "Syntax errors in policy."
    if unknown := set(policy) - _DOCUMENT_KEYS:
        return f"Syntax errors in policy: unknown element {sorted(unknown)[0]}."
    if policy.get("Version", "2008-10-17") not in _VERSIONS:
        return f"Syntax errors in policy: Version {policy['Version']} does not exist."
    parts = statements(policy)
    if not parts:
        return "Syntax errors in policy: there is no Statement."
    sids = [statement["Sid"] for statement in parts if statement.get("Sid")]
    if len(sids) != len(set(sids)):
        return "Statement IDs (SID) in a single policy must be unique."
    return next((sentence for statement in parts if (sentence := _statement_fault(statement, kind))), "")


def is_public(document: object) -> bool:
    """Whether a resource policy is public: it allows "*" and no condition restricts that to fixed values."""
    return any(
        statement.get("Effect") == "Allow" and "*" in aws_principals(statement) and not _is_restricted(statement)
        for statement in statements(_parsed(document) or {})
    )


def statements(policy: Json) -> list[Json]:
    """The statements of a parsed policy, as a list."""
    statement = policy.get("Statement", [])
    return [s for s in (statement if isinstance(statement, list) else [statement]) if isinstance(s, dict)]


def aws_principals(statement: Json) -> list[str]:
    """The AWS principals a statement names: ARNs, account ids, ids of deleted principals, or "*"."""
    principal = statement.get("Principal", {})
    return _texts(principal.get("AWS") if isinstance(principal, dict) else principal)


def named_principals(document: object) -> list[str]:
    """Every AWS principal in a policy document, in order."""
    return [name for statement in statements(_parsed(document) or {}) for name in aws_principals(statement)]


def _parsed(document: object) -> Json | None:
    try:
        loaded = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        return None
    return loaded if isinstance(loaded, dict) else None


def _texts(value: object) -> list[str]:
    return [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, str)]


def _statement_fault(statement: Json, kind: Kind) -> str:
    if unknown := set(statement) - _STATEMENT_KEYS:
        return f"Syntax errors in policy: unknown element {sorted(unknown)[0]}."
    if statement.get("Effect") not in ("Allow", "Deny"):
        return "Syntax errors in policy: Effect must be Allow or Deny."
    checks = (_action_fault, _condition_fault)
    return (
        next((sentence for check in checks if (sentence := check(statement))), "")
        or _principal_fault(statement, kind)
        or _resource_fault(statement, kind)
    )


def _action_fault(statement: Json) -> str:
    if ("Action" in statement) == ("NotAction" in statement):
        return "Policy statement must contain actions."
    actions = _texts(statement.get("Action", statement.get("NotAction")))
    if not actions:
        return "Policy statement must contain actions."
    if any(not _ACTION.fullmatch(action) for action in actions):
        return "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
    return ""


def _condition_fault(statement: Json) -> str:
    condition = statement.get("Condition", {})
    if not isinstance(condition, dict) or any(not isinstance(keys, dict) for keys in condition.values()):
        return "Syntax errors in policy: Condition is not an object of operators."
    unknown = next((operator for operator in condition if not _OPERATOR.fullmatch(operator)), None)
    return f"Invalid Condition type : {unknown}." if unknown else ""


def _principal_fault(statement: Json, kind: Kind) -> str:
    has = "Principal" in statement or "NotPrincipal" in statement
    if kind is Kind.IDENTITY:
        return "Policy document should not specify a principal." if has else ""
    return "" if has else "Missing required field Principal."


def _resource_fault(statement: Json, kind: Kind) -> str:
    has = ("Resource" in statement) != ("NotResource" in statement)
    if kind is Kind.TRUST:
        return "Has prohibited field Resource." if "Resource" in statement or "NotResource" in statement else ""
    resources = _texts(statement.get("Resource", statement.get("NotResource")))
    if not has or not resources:
        return "Policy statement must contain resources."
    odd = next((r for r in resources if r != "*" and not r.startswith(("arn:", "arn*", "${"))), None)
    return f'Resource {odd} must be in ARN format or "*".' if odd else ""


def _is_restricted(statement: Json) -> bool:
    return any(
        key.lower() in _RESTRICTING and all(value.strip() != "*" for value in _texts(values))
        for _, key, values in _conditions(statement)
    )


def _conditions(statement: Json) -> Iterator[tuple[str, str, object]]:
    for operator, keys in statement.get("Condition", {}).items():
        if operator.lower().startswith(("stringequals", "stringlike", "arn")) and "not" not in operator.lower():
            yield from ((operator, key, values) for key, values in keys.items())
