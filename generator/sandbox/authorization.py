"""Authorize each call by the policies in the sandbox, across accounts too.

AWS evaluates identity, resource and session policies and the permissions boundary. MiniStack's evaluation lacks some of
that, so it is done again here: `policy_evaluator` evaluates, `secretsmanager.access` decides about secrets and their
keys, `policy_validation` refuses documents.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ministack.core import iam_actions, responses
from ministack.core import iam_evaluator as engine
from ministack.core.router import extract_access_key_id
from ministack.services import sts, tagging

from generator.errors import DeployerError
from generator.model.arn import Arn
from generator.sandbox import cloudtrail, kms_grants, policy_evaluator, policy_validation
from generator.sandbox.cloudformation import handler_authorization
from generator.sandbox.iam import deleted_principals, simulation
from generator.sandbox.policy_evaluator import Context, Tags
from generator.sandbox.secretsmanager import access

if TYPE_CHECKING:
    from generator.sandbox.asgi import Sandbox

# "No permissions are required" (STS API reference).
_ALWAYS_ALLOWED = frozenset({"sts:GetCallerIdentity", "sts:GetSessionToken"})
_DENIED_CODES = {"sns": "AuthorizationError"}  # services with an error code of their own for a denial
_original_enforce = engine.enforce
_original_tag_context = iam_actions.request_tag_context
_original_resource = iam_actions.extract_resource_arn


@dataclass(frozen=True)
class Caller:
    """An authenticated caller. `arn` is the session's for an assumed role; `name` the user's or session's name."""

    access_key: str
    account: str
    region: str
    arn: str
    name: str
    principal: Any = field(repr=False)


def install(sandbox: Sandbox) -> None:
    """Have MiniStack ask this module instead of its own evaluator."""
    policy_evaluator.install()
    policy_evaluator.add_tag_reader(_tags)
    engine.enforce = enforce
    iam_actions.request_tag_context = request_context
    iam_actions.extract_resource_arn = requested_resource
    _name_function_urls()
    access.install()
    kms_grants.install()
    policy_validation.install()
    deleted_principals.install()
    simulation.install()
    cloudtrail.install(sandbox)


def caller(headers: dict[str, str], query: dict[str, list[str]] | None = None) -> Caller:
    """The caller of a request. Raises DeployerError for an unsigned one, which MiniStack takes for root."""
    key = extract_access_key_id(headers, query or {})
    principal = engine.resolve_principal(key, responses.get_account_id()) if key else None
    if principal is None or isinstance(principal, engine.AuthError):
        raise DeployerError("Request is missing Authentication Token", code="MissingAuthenticationTokenException")
    name = "root" if principal.type == "Root" else principal.arn.rpartition("/")[2]
    return Caller(key, principal.account, responses.get_region(), principal.arn, name, principal)


def check(who: Caller, action: str, arn: str, context: Context | None = None) -> str:
    """ "" when `who` is allowed `action` on `arn`, else AWS's message of the refusal."""
    request = policy_evaluator.evaluation_context(
        who.principal, action, arn, who.region, {**policy_evaluator.tag_context(action, arn), **(context or {})}
    )
    if policy_evaluator.decide(who.principal, request, None):
        return ""
    return policy_evaluator.refusal(who.principal, request, None, _has_session_policies(who.access_key))


def enforce(
    access_key: str,
    action: str,
    service: str,
    region: str,
    resource_arn: str = "*",
    service_context: Context | None = None,
) -> Any:
    """MiniStack's authorization hook: None when allowed, else an AuthError with the reason."""
    arn = _authorized_resource(action, resource_arn)
    context = {**policy_evaluator.tag_context(action, arn), **(service_context or {})}
    verdict = _original_enforce(access_key, action, service, region, arn, context)
    if isinstance(verdict, engine.AuthError) or action in _ALWAYS_ALLOWED:
        return verdict
    principal = engine.resolve_principal(access_key or "", responses.get_account_id())
    if isinstance(principal, engine.AuthError):
        return verdict  # served without a signature, as a few operations are
    if service == "cloudformation":
        handler_authorization.caller.set(principal)
    request = policy_evaluator.evaluation_context(principal, action, arn, region, context)
    policy = policy_evaluator.resource_policy(service, arn)
    foreign = policy_evaluator.account_of(arn) not in ("", principal.account)
    if verdict is None and principal.policies is None and foreign and policy is not None:
        # MiniStack lets root of any account through; another account's resource has its own say.
        verdict = None if policy_evaluator.decide(principal, request, policy) else engine.EvalResult("ImplicitDeny")
    if verdict is not None:
        return _denied(
            service, principal, policy_evaluator.refusal(principal, request, policy, _has_session_policies(access_key))
        )
    return access.denial(principal, request) if service == "secretsmanager" else None


def request_context(service: str, action: str, body: bytes, params: dict[str, Any]) -> Context:
    """MiniStack's condition keys of a request, and those of KMS and Secrets Manager that it lacks."""
    context: Context = dict(_original_tag_context(service, action, body, params))
    if service not in ("kms", "secretsmanager"):
        return context
    try:
        data = json.loads(body or b"{}")
    except ValueError:
        return context
    if service == "kms":
        pairs = data.get("EncryptionContext") or {}
        context |= {f"kms:encryptioncontext:{key}".lower(): value for key, value in pairs.items()}
    else:
        named = {"VersionId": "versionid", "VersionStage": "versionstage", "SecretId": "secretid"}
        context |= {f"secretsmanager:{key}": data[name] for name, key in named.items() if name in data}
    return context


def requested_resource(
    service: str, method: str, path: str, headers: dict[str, str], body: bytes, params: dict[str, Any], *rest: Any
) -> str:
    """The ARN that a call names: MiniStack's, or for a change set named by its ARN that of its stack."""
    arn = str(_original_resource(service, method, path, headers, body, params, *rest))
    named = params.get("ChangeSetName", "") if service == "cloudformation" and arn == "*" else ""
    return handler_authorization.stack_of(named[0] if isinstance(named, list) else named) or arn


def _name_function_urls() -> None:
    """MiniStack takes Lambda's list of function URLs for a call of GetFunction."""
    original = iam_actions.extract_iam_action

    def iam_action(service: str, method: str, path: str, *rest: Any) -> str | None:
        is_list = (service, method) == ("lambda", "GET") and "/functions/" in path and path.endswith("/urls")
        return "lambda:ListFunctionUrlConfigs" if is_list else original(service, method, path, *rest)

    iam_actions.extract_iam_action = iam_action


def _authorized_resource(action: str, arn: str) -> str:
    """EC2's Describe calls are authorized on "*" whatever they name (service authorization reference)."""
    return "*" if action.startswith("ec2:Describe") else arn


def _denied(service: str, principal: Any, sentence: str) -> Any:
    prefix = "You are not authorized to perform this operation. " if service == "ec2" else ""
    error = engine.AuthError(_DENIED_CODES.get(service, "AccessDenied"), prefix + sentence)
    error.principal_arn = principal.arn  # BatchGetSecretValue words its own refusal
    return error


def _has_session_policies(access_key: str) -> bool:
    return (sts._sessions.get(access_key) or {}).get("SessionPolicies") is not None


def _tags(arn: str) -> Tags | None:
    resource = Arn.find(arn)
    if resource is None:
        return None
    account, region = resource.account or responses.get_account_id(), resource.region or responses.get_region()
    with responses.request_scope(account, region):
        if resource.service != "ec2":
            tags: Tags | None = tagging.resource_tags(arn)
            return tags
        from ministack.services import ec2

        return {tag["Key"]: tag["Value"] for tag in ec2._tags.get(resource.last_name) or []}
