"""SimulatePrincipalPolicy and SimulateCustomPolicy with context keys, a permissions boundary and a resource policy.

As on AWS only the call's own parameters count: a condition key that was not passed is absent and is named in
MissingContextValues. Only the clock is filled in. MiniStack ignores conditions.
"""

from __future__ import annotations

from html import escape
from typing import Any

from ministack.core import iam_evaluator as engine
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam

from generator.model.arn import Arn
from generator.sandbox import policy_evaluator
from generator.sandbox.policy_evaluator import Context, Simulated, account_of, role_arn
from generator.sandbox.service_api import Answer, Params, Proceed, members, serve, xml_answer, xml_error

_CALLER_KEYS = {"aws:sourceip": None, "aws:securetransport": None, "aws:requestedregion": None}


def install() -> None:
    """Serve both operations."""
    operations = {
        "SimulatePrincipalPolicy": simulate_principal_policy,
        "SimulateCustomPolicy": simulate_custom_policy,
    }
    serve(iam, operations)


def simulate_principal_policy(params: Params, proceed: Proceed) -> Answer:
    """SimulatePrincipalPolicy: the policies of a user or role, and those passed with the call."""
    source = _text(params, "PolicySourceArn")
    arn = Arn.find(source)
    kind, name = (arn.kind, arn.last_name) if arn else ("", source)
    granted = policy_evaluator.policies_of(kind, name, get_account_id())
    if granted is None:
        return xml_error("iam", "NoSuchEntity", f"The {kind} with name {escape(name)} cannot be found.", 404)
    return _answer("SimulatePrincipalPolicy", params, *granted, source)


def simulate_custom_policy(params: Params, proceed: Proceed) -> Answer:
    """SimulateCustomPolicy: only the policies passed with the call."""
    return _answer("SimulateCustomPolicy", params, [], [], str(Arn("aws", "iam", "", get_account_id(), "root")))


def _answer(operation: str, params: Params, policies: list[Any], boundary: list[Any], source: str) -> Answer:
    policies = policies + [engine.parse_policy_document(doc) for doc in _members(params, "PolicyInputList")]
    boundaries = _members(params, "PermissionsBoundaryPolicyInputList")
    limits = [[engine.parse_policy_document(doc) for doc in boundaries]] if boundaries else boundary
    entries = _entries(params)
    results = "".join(
        _evaluated(action, arn, policies, limits, entries, _text(params, "CallerArn") or source, params)
        for action in _members(params, "ActionNames")
        for arn in _members(params, "ResourceArns") or ["*"]
    )
    inner = f"<EvaluationResults>{results}</EvaluationResults><IsTruncated>false</IsTruncated>"
    return xml_answer("iam", operation, f"<{operation}Result>{inner}</{operation}Result>")


def _evaluated(
    action: str, arn: str, policies: list[Any], limits: list[Any], entries: Context, caller: str, params: Params
) -> str:
    missing: set[str] = set()
    request = Simulated(
        principal_arn=role_arn(caller),
        principal_type="User" if ":user/" in caller else "AssumedRole",
        principal_account=get_account_id(),
        action=action,
        resource_arn=arn,
        region=get_region(),
        principal_keys={"aws:username": caller.rpartition("/")[2]} if ":user/" in caller else {},
        entries={**_CALLER_KEYS, **entries},
        missing=missing,
    )
    result = engine.evaluate(request, policies, *limits)
    if document := _text(params, "ResourcePolicy"):
        owner = account_of(_text(params, "ResourceOwner")) or get_account_id()
        result = engine.combine_resource_policy(result, request, document, owner, limits=tuple(limits))
    decision = {"Allow": "allowed", "Deny": "explicitDeny"}.get(result.decision, "implicitDeny")
    within = all(engine.evaluate(request, limit).decision == "Allow" for limit in limits)
    boundary = (
        "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>"
        f"{str(within).lower()}</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>"
        if limits
        else ""
    )
    matched = (
        f"<member><SourcePolicyId>{escape(result.matched_sid)}</SourcePolicyId></member>" if result.matched_sid else ""
    )
    names = "".join(f"<member>{escape(key)}</member>" for key in sorted(missing))
    return (
        f"<member><EvalActionName>{escape(action)}</EvalActionName><EvalResourceName>{escape(arn)}</EvalResourceName>"
        f"<EvalDecision>{decision}</EvalDecision><MatchedStatements>{matched}</MatchedStatements>"
        f"<MissingContextValues>{names}</MissingContextValues>{boundary}</member>"
    )


def _entries(params: Params) -> Context:
    entries: Context = {}
    number = 1
    while name := _text(params, f"ContextEntries.member.{number}.ContextKeyName"):
        values = _members(params, f"ContextEntries.member.{number}.ContextKeyValues")
        entries[name.lower()] = (
            values
            if _text(params, f"ContextEntries.member.{number}.ContextKeyType").endswith("List")
            else (values or [""])[0]
        )
        number += 1
    return entries


def _members(params: Params, name: str) -> list[str]:
    return members(params, f"{name}.member")


def _text(params: Params, name: str) -> str:
    return str(params.get(name, ""))
