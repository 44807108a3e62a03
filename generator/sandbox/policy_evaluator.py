"""MiniStack's policy evaluator, corrected where AWS decides otherwise.

Added: policy variables (`${aws:username}`); `aws:PrincipalArn` of an assumed role is the role's ARN; `ArnLike` part by
part; a request counts as one over TLS; resource policies of other accounts; tags of the resource as condition keys; the
reason of a refusal in AWS's words (IAM user guide, "Troubleshoot access denied error messages").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ministack.core import iam_evaluator as engine
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import iam

from generator.model.arn import Arn

Tags = dict[str, str]
Context = dict[str, Any]  # condition key in lower case -> text, or a list of texts
TagReader = Callable[[str], Tags | None]

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NEVER = "\0"  # a pattern no value matches

_tag_readers: list[TagReader] = []
_original_first_match = engine._first_match
_original_condition_key = engine._resolve_condition_key
_original_resource_policy = engine._resource_policy


@dataclass
class Simulated(engine.EvalContext):  # type: ignore[misc]  # MiniStack carries no types
    """A hypothetical request: `entries` are its condition keys, `missing` those that policies name and it lacks."""

    entries: Context = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)


def install() -> None:
    """Put the corrections in place; MiniStack looks these functions up at each call."""
    engine._first_match = first_match
    engine._resolve_condition_key = condition_key
    engine._resource_policy = resource_policy
    for name in ("arnlike", "arnequals"):
        engine._CONDITION_OPS[name] = arn_like
    for name in ("arnnotlike", "arnnotequals"):
        engine._CONDITION_OPS[name] = lambda actual, pattern: not arn_like(actual, pattern)


def add_tag_reader(reader: TagReader) -> None:
    """Add a source of a resource's tags: `reader(ARN)` returns them, or None when it does not know the resource."""
    _tag_readers.append(reader)


def substitute(text: str, value_of: Callable[[str], object]) -> str:
    """`text` with its policy variables replaced; a pattern that matches nothing when a variable has no value."""
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        name, _, default = match[1].partition(",")
        replacement = name if name in ("*", "?", "$") else value_of(name.strip())
        if not isinstance(replacement, str) and not default:
            missing = True
        return replacement if isinstance(replacement, str) else default.strip().strip("'")

    replaced = _VARIABLE.sub(value, text)
    return _NEVER if missing else replaced


def first_match(context: Any, statements: list[Any], effect: str) -> Any:
    """The first statement of this effect that applies to the request, its variables filled in."""
    return _original_first_match(context, [_filled_in(statement, context) for statement in statements], effect)


def _filled_in(statement: Any, context: Any) -> Any:
    if "${" not in f"{statement.resources}{statement.not_resources}{statement.conditions}":
        return statement

    def fill(text: object) -> str:
        return substitute(str(text), lambda name: condition_key(name, context))

    conditions = {
        operator: {
            key: [fill(value) for value in values] if isinstance(values, list) else fill(values)
            for key, values in keys.items()
        }
        for operator, keys in statement.conditions.items()
    }
    return replace(
        statement,
        resources=[fill(r) for r in statement.resources],
        not_resources=[fill(r) for r in statement.not_resources],
        conditions=conditions,
    )


def condition_key(key: str, context: Any) -> Any:
    """The request's value of a condition key; None when it has none."""
    name = key.lower()
    if not isinstance(context, Simulated):
        return _value_of(name, context)
    value = context.entries[name] if name in context.entries else _value_of(name, context)
    if value is None:
        context.missing.add(key)
    return value


def _value_of(name: str, context: Any) -> Any:
    if name == "aws:principalarn":
        return role_arn(context.principal_arn)
    if name == "aws:principaltype" and context.principal_type == "Root":
        return "Account"
    if name == "aws:securetransport":  # the sandbox listens on loopback alone, in the place of endpoints that have TLS
        return "true"
    return _original_condition_key(name, context)


def role_arn(arn: str) -> str:
    """The ARN of the role behind an assumed-role session's ARN, its path included; any other ARN as it is."""
    session = Arn.find(arn)
    if session is None or session.principal_arn == session:
        return arn
    principal = session.principal_arn
    role = iam._roles.get_scoped(principal.account, None, principal.name) or {}
    return str(role.get("Arn") or principal)


def policies_of(kind: str, name: str, account: str) -> tuple[list[Any], list[Any]] | None:
    """The policies of a user or role ("user", "role") and the limits its boundary sets; None when it does not exist."""
    table = {"user": iam._users, "role": iam._roles}.get(kind)
    if table is None or table.get_scoped(account, None, name) is None:
        return None
    gather = engine._gather_user_policies if kind == "user" else engine._gather_role_policies
    return gather(name, account), engine._permissions_boundary(table, name, account)


def role_principal(arn: str) -> Any:
    """The principal of an instance role (an ARN of the running request's account), as its instance acts with it."""
    policies, limits = policies_of("role", arn.rpartition("/")[2], get_account_id()) or ([], [])
    return engine.PrincipalInfo(arn=arn, type="AssumedRole", account=get_account_id(), policies=policies, limits=limits)


def principal_exists(name: str) -> bool:
    """Whether a policy may name this principal: "*", an account, or a user or role that exists in the sandbox.

    The unique ID of a deleted principal (AROA..., AIDA...) is refused, as AWS refuses to store it again.
    """
    if name == "*" or name.isdigit():
        return True
    arn = Arn.find(role_arn(name))
    if arn is None or arn.resource == "root":
        return arn is not None
    table = {"user": iam._users, "role": iam._roles}.get(arn.kind)
    entity = table.get_scoped(arn.account, None, arn.last_name) if table is not None else None
    return entity is not None and entity.get("Arn") == str(arn)


def arn_like(actual: str, pattern: str) -> bool:
    """ArnLike and ArnEquals: each of the six parts is matched on its own, so `*` does not cross a colon."""
    have, want = actual.split(":", 5), pattern.split(":", 5)
    return len(have) == len(want) and all(engine.fnmatch_iam_cs(h, w) for h, w in zip(have, want, strict=True))


def account_of(arn: str) -> str:
    """The account in an ARN; "" when it has none."""
    resource = Arn.find(arn)
    account = resource.account if resource else ""
    return account if account.isdigit() else ""  # `aws` of a managed policy is no account


def resource_policy(service: str, arn: str) -> Any:
    """(policy, owner's account) of a resource of any account; None when the service has no resource policies."""
    with request_scope(account_of(arn) or get_account_id(), region_of(arn)):
        return _original_resource_policy(service, arn)


def region_of(arn: str) -> str:
    """The region in an ARN, else the running request's."""
    resource = Arn.find(arn)
    return (resource.region if resource else "") or str(get_region())


def tag_context(action: str, arn: str) -> Context:
    """The condition keys under which a resource's tags appear: aws:ResourceTag/* and <service>:ResourceTag/*."""
    tags = next((tags for reader in _tag_readers if (tags := reader(arn)) is not None), None) or {}
    service = action.partition(":")[0]
    return {f"{prefix}:resourcetag/{key}".lower(): value for key, value in tags.items() for prefix in ("aws", service)}


def evaluation_context(principal: Any, action: str, arn: str, region: str, context: Context) -> Any:
    """The evaluation context of one request by a resolved principal."""
    return engine.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=action,
        resource_arn=arn,
        region=region,
        service_context={"aws:viaawsservice": "false", **{key.lower(): value for key, value in context.items()}},
        principal_keys=principal.keys,
    )


def decide(principal: Any, request: Any, policy: tuple[Any, str] | None, *, policy_required: bool = False) -> bool:
    """Whether the request is allowed: identity policies, boundary, session policies, and the resource's own policy.

    `policy` is (document, owner's account) of the resource, None when it has none. `policy_required`: a KMS key,
    whose policy must allow even inside its own account.
    """
    if principal.policies is None:
        identity = engine.EvalResult("Allow", principal.arn)
    else:
        identity = engine.evaluate(request, principal.policies, *principal.limits)
    if policy is None:
        return bool(identity.decision == "Allow")
    combined = engine.combine_resource_policy(
        identity, request, *policy, required=policy_required, limits=tuple(principal.limits)
    )
    return bool(combined.decision == "Allow")


def refusal(principal: Any, request: Any, policy: tuple[Any, str] | None, session_policies: bool) -> str:
    """AWS's message for a refused request: who, what, on which resource, and which kind of policy decided."""
    return (
        f"User: {principal.arn} is not authorized to perform: {request.action} on resource: {request.resource_arn} "
        f"{_reason(principal, request, policy, session_policies)}"
    )


def _reason(principal: Any, request: Any, policy: tuple[Any, str] | None, session_policies: bool) -> str:
    kinds = ["permissions boundary", "session policy"] if len(principal.limits) == 2 else []
    kinds = kinds or (["session policy"] if session_policies else ["permissions boundary"])
    layers = [("identity-based policy", principal.policies or []), *zip(kinds, principal.limits, strict=False)]
    for kind, documents in layers:
        if first_match(request, [s for document in documents for s in document], "Deny"):
            return f"with an explicit deny in {'an' if kind[0] in 'ai' else 'a'} {kind}"
    if policy and engine.evaluate_resource_policy(policy[0], request).decision == "Deny":
        return "with an explicit deny in a resource-based policy"
    for kind, documents in layers:
        if principal.policies is not None and not first_match(request, [s for d in documents for s in d], "Allow"):
            return f"because no {kind} allows the {request.action} action"
    return f"because no resource-based policy allows the {request.action} action"
