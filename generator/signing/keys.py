"""Keys as openssl and cosign take them: SubjectPublicKeyInfo and PKCS #8, in PEM."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from generator.errors import UsageError
from generator.model.signature import PublicKey
from generator.signing.sealed_key import sealed

_BLOCK = re.compile(r"-----BEGIN PUBLIC KEY-----\s[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----")
_DIGEST = ec.ECDSA(Prehashed(hashes.SHA256()))
SHORTEST_PASSPHRASE = 12
MAKE = "Make a pair: deployer publish keys"


@dataclass(frozen=True)
class KeySigner:
    """Signs with a private key in this process's memory."""

    public_key: PublicKey
    _private: ec.EllipticCurvePrivateKey

    def __repr__(self) -> str:
        return f"KeySigner({self.public_key.key_id})"

    def sign(self, digest: bytes) -> bytes:
        """The ECDSA signature (DER) of a SHA-256 digest."""
        return self._private.sign(digest, _DIGEST)


def new_private_key(passphrase: str) -> str:
    """A new private key as PEM, encrypted. Raises UsageError for a passphrase that is too short, an empty one too."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise UsageError(
            f"A signing key needs a passphrase of {SHORTEST_PASSPHRASE} characters or more.",
            "Give one of several words.",
            code="short-passphrase" if passphrase else "no-passphrase",
        )
    return sealed(ec.generate_private_key(ec.SECP256R1()), passphrase)


def is_encrypted(pem: str) -> bool:
    """Whether a private key's PEM text needs a passphrase."""
    return "ENCRYPTED" in pem


def require_private_key(pem: str, place: str) -> None:
    """Raise UsageError for what is no private key in PEM, before anybody is asked for its passphrase."""
    if "SIGSTORE PRIVATE KEY" in pem or "COSIGN PRIVATE KEY" in pem:
        raise UsageError(
            f"{place} is a private key in cosign's own form, which cosign alone reads.", MAKE, code="bad-key"
        )
    if "PUBLIC KEY" in pem and "PRIVATE KEY" not in pem:
        raise UsageError(f"{place} is a public key.", "Give the private key that belongs to it.", code="bad-key")
    if "PRIVATE KEY" not in pem:
        raise UsageError(f"{place} is no private key in PEM (PKCS #8).", MAKE, code="bad-key")
    if "\\n" in pem:
        raise UsageError(
            f"{place} has \\n written out in the place of its line ends.",
            'Set it from the file: export NAME="$(cat FILE)"',
            code="bad-key",
        )


def read_private_key(pem: str, passphrase: str, place: str) -> KeySigner:
    """The signer of a private key. `place` names it in errors. Raises UsageError; its text shows nothing of the key."""
    require_private_key(pem, place)
    try:
        private = serialization.load_pem_private_key(pem.encode(), passphrase.encode() if is_encrypted(pem) else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        encrypted = is_encrypted(pem)
        reason = ", or its passphrase is another one" if encrypted else " in PEM (PKCS #8)"
        hint = "Give the passphrase that the key was made with." if encrypted else MAKE
        raise UsageError(f"{place} is no private key{reason}.", hint, code="bad-key") from None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise UsageError(f"{place} is no ECDSA key on the curve P-256.", MAKE, code="bad-key")
    return KeySigner(_described(private.public_key()), private)


def read_public_keys(pem: str, place: str) -> tuple[PublicKey, ...]:
    """Every public key in a text, in order. `place` names it in errors. Raises UsageError for what has none."""
    blocks = _BLOCK.findall(pem)
    if not blocks or "PRIVATE KEY" in pem:
        what = "a private key; keep that to yourself" if "PRIVATE KEY" in pem else "no public key in PEM"
        raise UsageError(f"{place} is {what}.", "Give the file of the public key (.pub).", code="bad-key")
    return tuple(_described(_loaded(block, place)) for block in blocks)


def public_key_of(der: bytes, place: str) -> PublicKey:
    """A public key from its SubjectPublicKeyInfo. Raises UsageError for another kind of key."""
    try:
        return _described(_p256(serialization.load_der_public_key(der), place))
    except (ValueError, UnsupportedAlgorithm):
        raise _not_p256(place) from None


def holds(key: PublicKey, signature: bytes, digest: bytes) -> bool:
    """Whether the signature (DER) is the key's, over a SHA-256 digest."""
    try:
        _loaded(key.pem, key.key_id).verify(signature, digest, _DIGEST)
    except InvalidSignature:
        return False
    return True


def _loaded(pem: str, place: str) -> ec.EllipticCurvePublicKey:
    try:
        return _p256(serialization.load_pem_public_key(pem.encode()), place)
    except (ValueError, UnsupportedAlgorithm):
        raise _not_p256(place) from None


def _p256(key: object, place: str) -> ec.EllipticCurvePublicKey:
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise _not_p256(place)


def _not_p256(place: str) -> UsageError:
    return UsageError(f"{place} is no ECDSA public key on the curve P-256.", "Give another file.", code="bad-key")


def _described(key: ec.EllipticCurvePublicKey) -> PublicKey:
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = key.public_bytes(serialization.Encoding.PEM, info).decode()
    return PublicKey(pem, hashlib.sha256(key.public_bytes(serialization.Encoding.DER, info)).hexdigest())
