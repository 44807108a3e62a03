"""A signer whose private key stays in KMS: the digest goes there, and the signature comes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from generator.errors import AwsError, DeployerError, UsageError
from generator.gateway.aws import Gateway
from generator.model.signature import PublicKey

SIGNS = "SIGN_VERIFY"
NOT_ASYMMETRIC = frozenset({"UnsupportedOperationException", "InvalidKeyUsageException"})
"""What GetPublicKey answers for a key without a public half (KMS API reference, GetPublicKey)."""
UNUSABLE = {"DisabledException": "disabled", "KMSInvalidStateException": "to be deleted"}


@dataclass(frozen=True)
class KmsSigner:
    """Signs by KMS (ECC_NIST_P256, SIGN_VERIFY). Raises AwsError."""

    gateway: Gateway = field(repr=False)
    key: str
    public_key: PublicKey

    def sign(self, digest: bytes) -> bytes:
        """The ECDSA signature (DER) of a SHA-256 digest, checked with the public key before it is used."""
        from generator.signing.keys import holds

        with _explained(self.key):
            signature = self.gateway.kms.sign_digest(self.key, digest)
        if not holds(self.public_key, signature, digest):
            raise DeployerError(
                f"KMS signed with {self.key}, and its own public key does not verify that.", "Run it again."
            )
        return signature


def kms_signer(gateway: Gateway, key: str, reference: str) -> KmsSigner:
    """The signer of a KMS key, which `reference` names in errors. Raises UsageError for one of another kind."""
    from generator.signing.keys import public_key_of

    try:
        with _explained(key):
            half = gateway.kms.get_public_key(key)
        if half.usage != SIGNS:
            raise _no_signing_key(reference)
        return KmsSigner(gateway, key, public_key_of(half.der, reference))
    except UsageError:
        raise _no_signing_key(reference) from None
    except AwsError as error:
        if error.aws_code in NOT_ASYMMETRIC:
            raise _no_signing_key(reference) from None
        raise


@contextmanager
def _explained(key: str) -> Iterator[None]:
    """Say of a key that cannot be used what that means here."""
    try:
        yield
    except AwsError as error:
        if error.aws_code in UNUSABLE:
            raise error.explained(f"KMS signs nothing with {key}: the key is {UNUSABLE[error.aws_code]}.") from error
        raise


def _no_signing_key(reference: str) -> UsageError:
    return UsageError(
        f"{reference} is no key that makes these signatures.",
        "It needs the key spec ECC_NIST_P256 and the usage SIGN_VERIFY.",
        code="bad-key",
    )
