"""KMS encryption of shells and commands: the data key, AES-256-GCM, both forms of the challenge.

The data key's first half decrypts what the agent sends, the second encrypts what we send; on the wire a 12-byte
nonce comes before ciphertext and tag (github.com/aws/session-manager-plugin src/encryption). Agents never encrypt
port sessions. Newer agents add a random challenge to the encryption context, and may insist on it
(github.com/aws/amazon-ssm-agent agent/session/crypto, setting RequireKMSChallengeResponse).
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from generator.channel.session import DataKey
from generator.errors import DeployerError

NONCE = 12  # bytes
KEY_SIZE = 64  # bytes of the data key, two AES-256 keys


def encryption_context(session_id: str, target_id: str, challenge: str) -> dict[str, str]:
    """The encryption context both ends must name; `challenge` is the agent's, or empty with older agents."""
    context = {"aws:ssm:SessionId": session_id, "aws:ssm:TargetId": target_id}
    return context | {"aws:ssm:RandomChallenge": challenge} if challenge else context


def action_result(key: DataKey, challenge: str) -> Mapping[str, object]:
    """What the handshake's answer carries: the encrypted key, its hash, and whether the challenge is acknowledged."""
    result: dict[str, object] = {
        "KMSCipherTextKey": b64encode(key.ciphertext).decode(),
        "KMSCipherTextHash": b64encode(sha256(key.ciphertext).digest()).decode(),
    }
    return result | {"ChallengeAcknowledgement": True} if challenge else result


class Cipher:
    """Both directions' keys. `agent=True` gives the other end's view of the same data key."""

    def __init__(self, plaintext_key: bytes, *, agent: bool = False) -> None:
        """Raises `DeployerError` when the data key is not 64 bytes long."""
        if len(plaintext_key) != KEY_SIZE:
            raise DeployerError(
                f"KMS returned a data key of {len(plaintext_key)} bytes for the session; it has to be {KEY_SIZE}.",
                "Check the session document's kmsKeyId.",
            )
        halves = AESGCM(plaintext_key[: KEY_SIZE // 2]), AESGCM(plaintext_key[KEY_SIZE // 2 :])
        self._opens, self._seals = reversed(halves) if agent else halves

    def seal(self, data: bytes) -> bytes:
        """Encrypt one payload."""
        nonce = os.urandom(NONCE)
        return nonce + self._seals.encrypt(nonce, data, None)

    def open(self, data: bytes) -> bytes:
        """Decrypt one payload. Raises DeployerError when it was not encrypted with the same key."""
        try:
            return self._opens.decrypt(data[:NONCE], data[NONCE:], None)
        except (InvalidTag, ValueError) as error:
            raise DeployerError(
                "The session's encrypted data could not be decrypted.",
                "Start it again. If it fails again, compare the KMS key of the session document with the agent's.",
                code="bad-frame",
            ) from error
