"""Reading secrets across accounts, and the permission of KMS that this needs.

AWS lets another account read a secret when three policies allow it: the secret's, the caller's own and the KMS key's,
and never when the secret is encrypted with the AWS managed key (Secrets Manager user guide, "Access from another
account"). MiniStack finds no secret of another account and asks no key.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator as engine
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import kms, secretsmanager

from generator.sandbox import kms_grants, policy_evaluator
from generator.sandbox.partitions import dns_suffix
from generator.sandbox.service_api import Answer, Params, operation_name, parameters

# What Secrets Manager asks of KMS in the caller's name (user guide, "Secret encryption and decryption").
_KEY_ACTIONS = {
    "secretsmanager:GetSecretValue": ("kms:Decrypt",),
    "secretsmanager:PutSecretValue": ("kms:GenerateDataKey", "kms:Decrypt"),
    "secretsmanager:UpdateSecret": ("kms:GenerateDataKey", "kms:Decrypt"),
}
# Effective across accounts (same guide); each is served from the tables of the secret's owner.
_CROSS_ACCOUNT = (
    "GetSecretValue",
    "DescribeSecret",
    "ListSecretVersionIds",
    "GetResourcePolicy",
    "PutSecretValue",
    "PutResourcePolicy",
    "DeleteResourcePolicy",
    "DeleteSecret",
    "UpdateSecret",
    "UpdateSecretVersionStage",
    "RotateSecret",
    "RestoreSecret",
    "TagResource",
    "UntagResource",
    "ValidateResourcePolicy",
)
_MANAGED_KEY = "alias/aws/secretsmanager"
_original_resolve_key = kms._resolve_key
_original_handler = secretsmanager.handle_request


def install() -> None:
    """Serve secrets and keys that an ARN of another account names from that account."""
    secretsmanager.handle_request = handle_request
    kms._resolve_key = resolve_key


async def handle_request(method: str, path: str, headers: dict[str, str], body: bytes, query: Params) -> Answer:
    """Answer a call in the account of the secret that it names."""
    params = parameters(headers, body, query)
    owner = policy_evaluator.account_of(str(params.get("SecretId", "")))
    crosses = operation_name(headers, params) in _CROSS_ACCOUNT
    with request_scope(owner if owner and crosses else get_account_id(), get_region()):
        answer: Answer = await _original_handler(method, path, headers, body, query)
        return answer


def resolve_key(key: str) -> Any:
    """MiniStack's record of a key; an ARN is looked up in its own account."""
    with request_scope(
        policy_evaluator.account_of(key or "") or get_account_id(), policy_evaluator.region_of(key or "")
    ):
        return _original_resolve_key(key)


def denial(principal: Any, request: Any) -> Any:
    """The AuthError of a call on a secret when its key refuses the caller; None otherwise."""
    secret = _secret(request.resource_arn)
    if secret is None or request.action not in _KEY_ACTIONS:
        return None
    key = secret.get("KmsKeyId") or _MANAGED_KEY
    owner = policy_evaluator.account_of(secret["ARN"])
    if key.endswith(_MANAGED_KEY):
        return _managed_key_denial() if owner != principal.account else None
    with request_scope(owner, policy_evaluator.region_of(secret["ARN"])):
        record = resolve_key(key)
    if record is None or record["KeyState"] != "Enabled":
        return engine.AuthError(
            "DecryptionFailure", "Secrets Manager can't decrypt the protected secret text using the provided KMS key."
        )
    if principal.policies is None and owner == principal.account:
        return None
    refused = any(
        not _key_allows(principal, action, record, secret, request) for action in _KEY_ACTIONS[request.action]
    )
    return engine.AuthError("AccessDenied", "Access to KMS is not allowed") if refused else None


def _managed_key_denial() -> Any:
    return engine.AuthError(
        "InvalidRequestException",
        "You can't access a secret from a different AWS account if you encrypt the secret "
        "with the default KMS service key.",
    )


def _key_allows(principal: Any, action: str, key: Any, secret: Any, request: Any) -> bool:
    context = {
        "kms:viaservice": f"secretsmanager.{request.region}.{dns_suffix(request.region)}",
        "kms:calleraccount": principal.account,
        "kms:encryptioncontext:secretarn": secret["ARN"],
        "kms:encryptioncontext:secretversionid": _current_version(secret),
        "kms:encryptioncontextkeys": ["SecretARN", "SecretVersionId"],
        **policy_evaluator.tag_context(action, key["Arn"]),
    }
    on_key = policy_evaluator.evaluation_context(principal, action, key["Arn"], request.region, context)
    policy = (
        kms_grants.policy_with_grants(key["Arn"], key.get("Policy") or ""),
        policy_evaluator.account_of(key["Arn"]),
    )
    return policy_evaluator.decide(principal, on_key, policy, policy_required=True)


def _current_version(secret: Any) -> str:
    return next((str(vid) for vid, version in secret["Versions"].items() if "AWSCURRENT" in version["Stages"]), "")


def _secret(arn: str) -> Any:
    with request_scope(policy_evaluator.account_of(arn) or get_account_id(), policy_evaluator.region_of(arn)):
        return secretsmanager._resolve(arn)[1]
