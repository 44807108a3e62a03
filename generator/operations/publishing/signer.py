"""Who signs: a private key in a file or in the environment, or one that never leaves KMS, named as cosign names it."""

from __future__ import annotations

from generator.errors import UsageError
from generator.gateway.aws import Gateway
from generator.model.publishing import PassphraseCaller
from generator.model.signature import Signer

KMS = "awskms:///"
_ANY_KMS = "awskms://"


def signer_of(gateway: Gateway, reference: str, caller: PassphraseCaller) -> Signer:
    """The signer of FILE, env://NAME or awskms:///KEY (key ID, ARN or alias/NAME). Raises UsageError and AwsError.

    The passphrase is asked of the caller only for a key that has one.
    """
    from generator.operations.publishing.keys import private_key_text
    from generator.signing.keys import is_encrypted, read_private_key

    if is_in_kms(reference):
        return _kms(gateway, reference)
    pem = private_key_text(reference)
    return read_private_key(pem, caller.passphrase(reference) if is_encrypted(pem) else "", reference)


def is_in_kms(reference: str) -> bool:
    """Whether a reference names a key of KMS, rightly or wrongly written."""
    return reference.startswith(_ANY_KMS)


def _kms(gateway: Gateway, reference: str) -> Signer:
    from generator.operations.publishing.kms_signer import kms_signer

    key = reference.removeprefix(KMS)
    if key == reference or not key:
        raise UsageError(
            f"{reference} names no KMS key of the account and region in use.",
            "Write awskms:///KEY: the key's ID, its ARN, or alias/NAME.",
            code="bad-key",
        )
    return kms_signer(gateway, key, reference)
