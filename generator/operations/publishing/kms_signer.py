"""A signer whose private key stays in KMS: the digest goes there, and the signature comes back."""

from __future__ import annotations

from dataclasses import dataclass, field

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.model.signature import PublicKey


@dataclass(frozen=True)
class KmsSigner:
    """Signs by KMS (ECC_NIST_P256, SIGN_VERIFY). Raises AwsError."""

    gateway: Gateway = field(repr=False)
    key: str
    public_key: PublicKey

    def sign(self, digest: bytes) -> bytes:
        """The ECDSA signature (DER) of a SHA-256 digest, checked with the public key before it is used."""
        from generator.signing.keys import holds

        signature = self.gateway.kms.sign_digest(self.key, digest)
        if not holds(self.public_key, signature, digest):
            raise DeployerError(
                f"KMS signed with {self.key}, and its own public key does not verify that.", "Run it again."
            )
        return signature
