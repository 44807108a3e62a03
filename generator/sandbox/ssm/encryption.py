"""The agent's side of session encryption: the instance role decrypts the data key that the client generated."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING

from ministack.core.responses import get_account_id, get_region
from ministack.services import kms

from generator.channel.payloads import Processed
from generator.errors import DeployerError
from generator.sandbox import policy_evaluator
from generator.sandbox.service_api import call
from generator.sandbox.ssm.nodes import Node

if TYPE_CHECKING:
    from generator.channel.kms import Cipher


def open_key(node: Node, key: str, session_id: str, done: Processed, challenge: str) -> Cipher:
    """The cipher of the client's answer; DeployerError when the role may not decrypt, or the key does not fit.

    A client that did not acknowledge the challenge made its key without it in the encryption context.
    """
    from generator.channel.kms import Cipher, encryption_context

    result = done.result or {}
    acknowledged = challenge if result.get("ChallengeAcknowledgement") else ""
    context = encryption_context(session_id, node.id, acknowledged)
    _check_role(node, key, context)
    request = {"CiphertextBlob": str(result.get("KMSCipherTextKey", "")), "EncryptionContext": context}
    try:
        answer = call(kms, "Decrypt", request)
    except ValueError:
        raise DeployerError("The instance could not decrypt the session's data key.") from None
    return Cipher(b64decode(answer["Plaintext"]), agent=True)


def _check_role(node: Node, key: str, context: dict[str, str]) -> None:
    record = kms._resolve_key(key)
    name = node.role.rpartition("/")[2]
    if record is None:
        raise DeployerError(f"The KMS key {key} of the session document does not exist.")
    role = policy_evaluator.role_principal(node.role)
    keys = {f"kms:encryptioncontext:{name}": value for name, value in context.items()}
    request = policy_evaluator.evaluation_context(role, "kms:Decrypt", record["Arn"], get_region(), keys)
    if not policy_evaluator.decide(role, request, (record.get("Policy") or "", get_account_id()), policy_required=True):
        raise DeployerError(f"The instance role {name} may not decrypt with the key {key} of the session document.")
