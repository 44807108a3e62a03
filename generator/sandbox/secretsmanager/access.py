"""Secrets and the keys that encrypt them: reading across accounts, and KMS asked in the caller's name.

AWS reads a secret for another account when three policies agree: the secret's, the caller's own, and the KMS key's,
and never when the secret is under the AWS managed key (Secrets Manager user guide, "Access from another account").
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ministack.core import iam_evaluator as engine
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import kms, secretsmanager

from generator.sandbox import kms_grants, policy_evaluator

Handler = Callable[[dict[str, Any]], Any]

# What Secrets Manager asks of KMS in the caller's name (user guide, "Secret encryption and decryption").
_KEY_ACTIONS = {
    "secretsmanager:GetSecretValue": ("kms:Decrypt",),
    "secretsmanager:PutSecretValue": ("kms:GenerateDataKey", "kms:Decrypt"),
    "secretsmanager:UpdateSecret": ("kms:GenerateDataKey", "kms:Decrypt"),
}
# Effective across accounts (same guide); each is served from the tables of the secret's owner.
_CROSS_ACCOUNT = (
    "_get_secret_value",
    "_describe_secret",
    "_list_secret_version_ids",
    "_get_resource_policy",
    "_put_secret_value",
    "_put_resource_policy",
    "_delete_resource_policy",
    "_delete_secret",
    "_update_secret",
    "_update_secret_version_stage",
    "_rotate_secret",
    "_restore_secret",
    "_tag_resource",
    "_untag_resource",
    "_validate_resource_policy",
)
_MANAGED_KEY = "alias/aws/secretsmanager"
_original_resolve_key = kms._resolve_key


def install() -> None:
    """Serve secrets and keys named by another account's ARN from that account."""
    for name in _CROSS_ACCOUNT:
        setattr(secretsmanager, name, _in_owners_account(getattr(secretsmanager, name)))
    kms._resolve_key = resolve_key


def resolve_key(key: str) -> Any:
    """MiniStack's record of a key; an ARN is looked up in the account it names."""
    with request_scope(
        policy_evaluator.account_of(key or "") or get_account_id(), policy_evaluator.region_of(key or "")
    ):
        return _original_resolve_key(key)


def denial(principal: Any, asked: Any) -> Any:
    """The AuthError of a call on a secret whose key refuses it; None when KMS agrees or has no say."""
    secret = _secret(asked.resource_arn)
    if secret is None or asked.action not in _KEY_ACTIONS:
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
    refused = any(not _key_allows(principal, action, record, secret, asked) for action in _KEY_ACTIONS[asked.action])
    return engine.AuthError("AccessDenied", "Access to KMS is not allowed") if refused else None


def _managed_key_denial() -> Any:
    return engine.AuthError(
        "InvalidRequestException",
        "You can't access a secret from a different AWS account if you encrypt the secret "
        "with the default KMS service key.",
    )


def _key_allows(principal: Any, action: str, key: Any, secret: Any, asked: Any) -> bool:
    context = {
        "kms:viaservice": f"secretsmanager.{asked.region}.amazonaws.com",
        "kms:calleraccount": principal.account,
        "kms:encryptioncontext:secretarn": secret["ARN"],
        "kms:encryptioncontext:secretversionid": _current_version(secret),
        "kms:encryptioncontextkeys": ["SecretARN", "SecretVersionId"],
        **policy_evaluator.tag_context(action, key["Arn"]),
    }
    on_key = policy_evaluator.request(principal, action, key["Arn"], asked.region, context)
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


def _in_owners_account(handler: Handler) -> Handler:
    @functools.wraps(handler)
    def serve(data: dict[str, Any]) -> Any:
        arn = str(data.get("SecretId", ""))
        owner = policy_evaluator.account_of(arn) or get_account_id()
        with request_scope(owner, get_region()):
            return handler(data)

    return serve
