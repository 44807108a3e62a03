"""Policy documents are refused at the door, as IAM, KMS and Secrets Manager refuse them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.core import iam_evaluator as engine
from ministack.core.responses import error_response_json, json_response
from ministack.services import iam, kms, secretsmanager

from generator.sandbox import policy_documents
from generator.sandbox.policy_documents import Kind
from generator.sandbox.policy_evaluator import principal_exists

Handler = Callable[[dict[str, Any]], Any]

_MALFORMED = "MalformedPolicyDocumentException"
_PUBLIC_GRANT = "This resource policy grants public access."
_original_trust_error = iam._trust_policy_not_principal_error


def install() -> None:
    """Put the checks before MiniStack's own handlers."""
    engine.validate_policy_document = lambda document: policy_documents.fault(document, Kind.IDENTITY) or None
    iam._trust_policy_not_principal_error = trust_error
    kms._put_key_policy = _guarded_key(kms._put_key_policy)
    kms._create_key = _guarded_key(kms._create_key)
    secretsmanager._put_resource_policy = _guarded_secret(secretsmanager._put_resource_policy)
    secretsmanager._validate_resource_policy = validate_resource_policy


def trust_error(document: Any) -> str | None:
    """IAM's sentence for a trust policy it refuses, or None."""
    text = json.dumps(document) if isinstance(document, dict) else document
    if sentence := _original_trust_error(text) or policy_documents.fault(text, Kind.TRUST):
        return str(sentence)
    unknown = _unknown_principal(text)
    return f'Invalid principal in policy: "AWS":"{unknown}"' if unknown else None


def validate_resource_policy(data: dict[str, Any]) -> Any:
    """Secrets Manager's ValidateResourcePolicy: syntax and public access (its lock-out check is not imitated)."""
    document = data.get("ResourcePolicy", "")
    errors = []
    if sentence := _secret_policy_fault(document):
        errors.append({"CheckName": "JSON_SYNTAX", "ErrorMessage": sentence})
    elif policy_documents.is_public(document):
        errors.append({"CheckName": "BROAD_ACCESS", "ErrorMessage": _PUBLIC_GRANT})
    return json_response({"PolicyValidationPassed": not errors, "ValidationErrors": errors})


def _guarded_secret(handler: Handler) -> Handler:
    def put(data: dict[str, Any]) -> Any:
        document = data.get("ResourcePolicy", "")
        if sentence := _secret_policy_fault(document):
            return error_response_json(_MALFORMED, sentence, 400)
        if data.get("BlockPublicPolicy") and policy_documents.is_public(document):
            return error_response_json("PublicPolicyException", _PUBLIC_GRANT, 400)
        return handler(data)

    return put


def _secret_policy_fault(document: object) -> str:
    if sentence := policy_documents.fault(document, Kind.RESOURCE):
        return sentence
    return "This resource policy contains an unsupported principal." if _unknown_principal(document) else ""


def _guarded_key(handler: Handler) -> Handler:
    def put(data: dict[str, Any]) -> Any:
        document = data.get("Policy")
        if document is None:
            return handler(data)
        if sentence := policy_documents.fault(document, Kind.RESOURCE):
            return error_response_json(_MALFORMED, sentence, 400)
        if _unknown_principal(document):
            return error_response_json(
                _MALFORMED, "Policy contains a statement with one or more invalid principals.", 400
            )
        return handler(data)

    return put


def _unknown_principal(document: object) -> str:
    return next((name for name in policy_documents.named_principals(document) if not principal_exists(name)), "")
