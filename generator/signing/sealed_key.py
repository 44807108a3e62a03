"""A private key encrypted as PKCS #8 by PBES2 (RFC 8018): PBKDF2 with many more rounds than `cryptography` gives it.

Its own `BestAvailableEncryption` has 2,048 rounds and takes no other number for PKCS #8. openssl, cosign's importer and
`cryptography` itself read this form.
"""

from __future__ import annotations

import base64
import os

from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

ROUNDS = 600_000
"""OWASP, Password Storage Cheat Sheet: PBKDF2 with HMAC-SHA256."""
BLOCK = 16
SEQUENCE, OCTETS, INTEGER, OBJECT, NULL = 0x30, 0x04, 0x02, 0x06, b"\x05\x00"
PBES2 = bytes.fromhex("2a864886f70d01050d")
PBKDF2 = bytes.fromhex("2a864886f70d01050c")
HMAC_SHA256 = bytes.fromhex("2a864886f70d0209")
AES_256_CBC = bytes.fromhex("60864801650304012a")


def sealed(private: ec.EllipticCurvePrivateKey, passphrase: str) -> str:
    """The key in PEM (ENCRYPTED PRIVATE KEY)."""
    plain = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    salt, start = os.urandom(BLOCK), os.urandom(BLOCK)
    return _pem(_der(SEQUENCE, _algorithm(salt, start), _der(OCTETS, _encrypted(plain, passphrase, salt, start))))


def _encrypted(plain: bytes, passphrase: str, salt: bytes, start: bytes) -> bytes:
    key = PBKDF2HMAC(hashes.SHA256(), 32, salt, ROUNDS).derive(passphrase.encode())
    padder = padding.PKCS7(BLOCK * 8).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(start)).encryptor()
    return encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()


def _algorithm(salt: bytes, start: bytes) -> bytes:
    """AlgorithmIdentifier of PBES2: how the key is derived, and the cipher (RFC 8018, appendix A)."""
    prf = _der(SEQUENCE, _der(OBJECT, HMAC_SHA256), NULL)
    rounds = _der(INTEGER, ROUNDS.to_bytes((ROUNDS.bit_length() + 8) // 8))
    derived = _der(SEQUENCE, _der(OBJECT, PBKDF2), _der(SEQUENCE, _der(OCTETS, salt), rounds, prf))
    cipher = _der(SEQUENCE, _der(OBJECT, AES_256_CBC), _der(OCTETS, start))
    return _der(SEQUENCE, _der(OBJECT, PBES2), _der(SEQUENCE, derived, cipher))


def _der(tag: int, *parts: bytes) -> bytes:
    """A value of DER: tag, length, content."""
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8)
    return bytes([tag, 128 | len(length)]) + length + content


def _pem(der: bytes) -> str:
    text = base64.b64encode(der).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join(("-----BEGIN ENCRYPTED PRIVATE KEY-----", *lines, "-----END ENCRYPTED PRIVATE KEY-----", ""))
