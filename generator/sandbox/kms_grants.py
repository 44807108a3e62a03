"""Grants on KMS keys, which MiniStack stores and does not evaluate.

On AWS a grant allows its operations to its grantee in addition to the key policy (KMS developer guide, "Grants in AWS
KMS"). Here a grant is read as a statement of that policy, so that each decision about the key takes it into account.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import kms

from generator.sandbox import policy_evaluator
from generator.sandbox.service_api import call

_original_policy_of = kms.key_policy_for_arn


def install() -> None:
    """Add the grants to the key policies that are evaluated."""
    kms.key_policy_for_arn = policy_of


def policy_of(arn: str) -> tuple[str, str] | None:
    """A key's policy with its grants, and the owner's account; None when the key does not exist."""
    policy = _original_policy_of(arn)
    return policy and (policy_with_grants(arn, policy[0]), policy[1])


def policy_with_grants(arn: str, policy: str) -> str:
    """The key's policy with a statement for each of its grants; returned unchanged if it is no JSON object."""
    with request_scope(policy_evaluator.account_of(arn), policy_evaluator.region_of(arn)):
        key = call(kms, "DescribeKey", {"KeyId": arn})["KeyMetadata"][
            "Arn"
        ]  # a call may name the key by an alias, and ListGrants takes none
        granted = [_statement(grant) for grant in call(kms, "ListGrants", {"KeyId": key})["Grants"]]
    try:
        document = json.loads(policy or "{}")
    except ValueError:
        return policy
    if not granted or not isinstance(document, dict):
        return policy
    stated = document.get("Statement", [])
    return json.dumps({**document, "Statement": [*(stated if isinstance(stated, list) else [stated]), *granted]})


def _statement(grant: Any) -> dict[str, Any]:
    """The grant as a statement. A constraint requires each of its pairs of the encryption context."""
    pairs = {
        key: value for constraint in (grant.get("Constraints") or {}).values() for key, value in constraint.items()
    }
    condition = {"StringEquals": {f"kms:EncryptionContext:{key}": value for key, value in pairs.items()}}
    return {
        "Sid": grant["GrantId"],
        "Effect": "Allow",
        "Principal": {"AWS": policy_evaluator.role_arn(grant["GranteePrincipal"])},
        "Action": [f"kms:{operation}" for operation in grant["Operations"]],
        "Resource": "*",
        **({"Condition": condition} if pairs else {}),
    }
