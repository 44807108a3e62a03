"""Policy documents that IAM, KMS and Secrets Manager refuse are refused before they are stored.

AWS refuses malformed documents, principals that do not exist and, with BlockPublicPolicy, public access. MiniStack
stores almost any document.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.core import iam_evaluator as engine
from ministack.core.responses import error_response_json, json_response
from ministack.services import iam, kms, secretsmanager

from generator.model.policy_size import OF_A_KEY, OF_A_SECRET, characters
from generator.sandbox import policy_documents
from generator.sandbox.cloudformation.resource_types import Created, Properties, handler
from generator.sandbox.policy_documents import Kind
from generator.sandbox.policy_evaluator import principal_exists
from generator.sandbox.service_api import Answer, Params, Proceed, replace, serve

KEY = "AWS::KMS::Key"

_MALFORMED = "MalformedPolicyDocumentException"
_PUBLIC_GRANT = "This resource policy grants public access."
_TOO_LONG = (
    "1 validation error detected: Value at '{}' failed to satisfy constraint: Member must have length less than or "
    "equal to {}"
)
_KEY_TOO_LONG = "The key policy is too long."  # made up: AWS's own text was not seen
_original_trust_error = iam._trust_policy_not_principal_error
_create_key = handler(KEY)["create"]


def install() -> None:
    """Check documents before MiniStack stores them."""
    engine.validate_policy_document = lambda document: policy_documents.fault(document, Kind.IDENTITY) or None
    replace(_original_trust_error, trust_error)
    serve(kms, {"CreateKey": put_key_policy, "PutKeyPolicy": put_key_policy})
    secret_operations = {
        "PutResourcePolicy": put_resource_policy,
        "ValidateResourcePolicy": validate_resource_policy,
    }
    serve(secretsmanager, secret_operations)
    handler(KEY)["create"] = create_key


def trust_error(document: Any) -> str | None:
    """IAM's message for a trust policy that it refuses, else None."""
    text = json.dumps(document) if isinstance(document, dict) else document
    if sentence := _original_trust_error(text) or policy_documents.fault(text, Kind.TRUST):
        return str(sentence)
    unknown = _unknown_principal(text)
    return f'Invalid principal in policy: "AWS":"{unknown}"' if unknown else None


def validate_resource_policy(data: Params, proceed: Proceed) -> Answer:
    """Secrets Manager's ValidateResourcePolicy: syntax and public access; its third check is not imitated."""
    document = data.get("ResourcePolicy", "")
    errors = []
    if sentence := _secret_policy_fault(document):
        errors.append({"CheckName": "JSON_SYNTAX", "ErrorMessage": sentence})
    elif policy_documents.is_public(document):
        errors.append({"CheckName": "BROAD_ACCESS", "ErrorMessage": _PUBLIC_GRANT})
    answer: Answer = json_response({"PolicyValidationPassed": not errors, "ValidationErrors": errors})
    return answer


def put_resource_policy(data: Params, proceed: Proceed) -> Answer:
    """Secrets Manager's PutResourcePolicy: refused when malformed, or public with BlockPublicPolicy."""
    document = data.get("ResourcePolicy", "")
    if sentence := _secret_policy_fault(document):
        return _refused(_MALFORMED, sentence)
    if data.get("BlockPublicPolicy") and policy_documents.is_public(document):
        return _refused("PublicPolicyException", _PUBLIC_GRANT)
    if len(document) > OF_A_SECRET:
        return _refused("ValidationException", _TOO_LONG.format("resourcePolicy", OF_A_SECRET))
    return proceed()


def put_key_policy(data: Params, proceed: Proceed) -> Answer:
    """KMS's CreateKey and PutKeyPolicy: refused with a malformed policy."""
    document = data.get("Policy")
    if sentence := _key_policy_fault(document):
        return _refused(_MALFORMED, sentence)
    if len(str(document)) > OF_A_KEY:
        return _refused("LimitExceededException", _KEY_TOO_LONG)
    return proceed()


def create_key(logical_id: str, props: Properties, stack: str) -> Created:
    """AWS::KMS::Key with the same check. Raises ValueError with KMS's message."""
    document = props.get("KeyPolicy")
    if sentence := _key_policy_fault(document) or (_KEY_TOO_LONG if characters(document) > OF_A_KEY else ""):
        raise ValueError(f"{KEY} {logical_id}: {sentence}")
    created: Created = _create_key(logical_id, props, stack)
    return created


def _secret_policy_fault(document: object) -> str:
    if sentence := policy_documents.fault(document, Kind.RESOURCE):
        return sentence
    return "This resource policy contains an unsupported principal." if _unknown_principal(document) else ""


def _key_policy_fault(document: object) -> str:
    if document is None:
        return ""
    if sentence := policy_documents.fault(document, Kind.RESOURCE):
        return sentence
    if _unknown_principal(document):
        return "Policy contains a statement with one or more invalid principals."
    return ""


def _refused(code: str, message: str) -> Answer:
    answer: Answer = error_response_json(code, message, 400)
    return answer


def _unknown_principal(document: object) -> str:
    return next((name for name in policy_documents.named_principals(document) if not principal_exists(name)), "")
