"""vendor identity-policy: what the vendor attaches on its own side."""

from __future__ import annotations

from generator.policies.document import Document
from generator.policies.vendor import vendor_identity_policy


def identity_policy(secret_arn: str, key_arn: str) -> Document:
    """The document, ready for JSON."""
    return vendor_identity_policy(secret_arn, key_arn)
