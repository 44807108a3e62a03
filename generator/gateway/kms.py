"""KMS: the stack's key and its policy."""

from __future__ import annotations

import json
from collections.abc import Mapping

from generator.gateway.service import Answer, Service
from generator.model.access import KeyGrant
from generator.model.json_text import parse_json
from generator.model.policy import Policy, parse_policy
from generator.model.resource_state import KeyState
from generator.model.signature import PublicHalf


class KMS(Service):
    """Domain verbs over the KMS API."""

    def get_key_policy(self, key: str) -> Policy:
        """The key's policy, read. Raises NotFound."""
        return parse_policy(self.get_key_policy_text(key))

    def get_key_policy_text(self, key: str) -> str:
        """The key's policy as JSON text. Raises NotFound. Every key has one, and it is called default."""
        return str(self._call("get_key_policy", KeyId=key, PolicyName="default")["Policy"])

    def get_key_policy_document(self, key: str) -> Mapping[str, object]:
        """The key's policy, parsed. Raises NotFound, and ValueError for what is no JSON object."""
        parsed = parse_json(self.get_key_policy_text(key))
        if not isinstance(parsed, dict):
            raise ValueError("the key's policy is no JSON object")
        return parsed

    def put_key_policy(self, key: str, document: Mapping[str, object]) -> None:
        """Overwrite the key's policy; AWS refuses one that would lock the caller out."""
        self._call("put_key_policy", KeyId=key, PolicyName="default", Policy=json.dumps(document))

    def list_grants(self, key: str) -> list[KeyGrant]:
        """The grants on the key, which permit in addition to its policy. Raises NotFound."""
        grants = (grant for page in self._pages("list_grants", KeyId=key) for grant in page["Grants"])
        return [
            KeyGrant(
                g["GrantId"], str(g.get("GranteePrincipal", "")), tuple(g.get("Operations", ())), g.get("CreationDate")
            )
            for g in grants
        ]

    def describe_key(self, key: str) -> KeyState:
        """The key's state, and when AWS deletes it. Raises NotFound."""
        metadata: Answer = self._call("describe_key", KeyId=key)["KeyMetadata"]
        return KeyState(str(metadata["KeyState"]), metadata.get("DeletionDate"))

    def generate_data_key(self, key: str, context: Mapping[str, str]) -> tuple[bytes, bytes]:
        """A data key of 64 bytes under that encryption context: in clear (a secret), and encrypted."""
        answer = self._call("generate_data_key", KeyId=key, NumberOfBytes=64, EncryptionContext=dict(context))
        return answer["Plaintext"], answer["CiphertextBlob"]

    def get_public_key(self, key: str) -> PublicHalf:
        """The public half of an asymmetric key. Raises NotFound, and AwsError for a key that has none."""
        answer = self._call("get_public_key", KeyId=key)
        return PublicHalf(bytes(answer["PublicKey"]), str(answer["KeyUsage"]))

    def sign_digest(self, key: str, digest: bytes) -> bytes:
        """The ECDSA signature (DER) of a SHA-256 digest of 32 bytes."""
        answer = self._call("sign", KeyId=key, Message=digest, MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256")
        return bytes(answer["Signature"])
