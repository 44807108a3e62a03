"""What is signed, by which key, and what a verification came to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from generator.errors import Refused


@dataclass(frozen=True)
class PublicKey:
    """A key that is trusted: its PEM text. `key_id` is the SHA-256 of its SubjectPublicKeyInfo (DER), in hex."""

    pem: str
    key_id: str


@dataclass(frozen=True)
class PublicHalf:
    """The public half of an asymmetric key: its SubjectPublicKeyInfo (DER), and SIGN_VERIFY, ENCRYPT_DECRYPT, ….

    Source: KMS API reference, GetPublicKey.
    """

    der: bytes
    usage: str


class Signer(Protocol):
    """Whoever can sign with the private half of `public_key`: a key file, or KMS."""

    @property
    def public_key(self) -> PublicKey:
        """The half that verifies."""
        ...

    def sign(self, digest: bytes) -> bytes:
        """The ECDSA signature (DER) of a SHA-256 digest of 32 bytes."""
        ...


@dataclass(frozen=True)
class Statement:
    """An in-toto statement: what its signer says of files, by name and SHA-256 (hex).

    Source: in-toto Attestation Framework, Statement v1.
    """

    predicate_type: str
    subjects: Mapping[str, str]
    predicate: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Verified:
    """A signature that holds: the SHA-256 of the content (hex), and the key. `statement` is None for a bare one."""

    sha256: str
    key_id: str
    statement: Statement | None = None


class NotVerified(Refused):
    """The signature does not prove that a trusted key signed this content."""

    code = "not-verified"


def sha256_of(content: bytes) -> str:
    """The digest in hex."""
    return hashlib.sha256(content).hexdigest()
