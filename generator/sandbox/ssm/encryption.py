"""The agent's side of session encryption: the data key the client made, decrypted in the instance role's name."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING

from ministack.core import iam_evaluator as engine
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam, kms

from generator.channel.payloads import Processed
from generator.errors import DeployerError
from generator.sandbox import policy_evaluator
from generator.sandbox.ssm.nodes import Node

if TYPE_CHECKING:
    from generator.channel.kms import Cipher


def open_key(node: Node, key: str, session_id: str, done: Processed, challenge: str) -> Cipher:
    """The cipher of the client's answer; DeployerError when the role may not decrypt, or the key does not fit.

    A client that did not acknowledge the challenge made its key without it in the encryption context.
    """
    from generator.channel.kms import Cipher, encryption_context

    result = done.result or {}
    known = challenge if result.get("ChallengeAcknowledgement") else ""
    context = encryption_context(session_id, node.id, known)
    _check_role(node, key, context)
    answer = kms._decrypt({"CiphertextBlob": str(result.get("KMSCipherTextKey", "")), "EncryptionContext": context})
    if answer[0] != 200:
        raise DeployerError("The instance could not decrypt the session's data key.")
    return Cipher(b64decode(json.loads(answer[2])["Plaintext"]), agent=True)


def _check_role(node: Node, key: str, context: dict[str, str]) -> None:
    record = kms._resolve_key(key)
    name = node.role.rpartition("/")[2]
    if record is None:
        raise DeployerError(f"The KMS key {key} of the session document does not exist.")
    role = engine.PrincipalInfo(
        arn=node.role,
        type="AssumedRole",
        account=get_account_id(),
        policies=engine._gather_role_policies(name, get_account_id()),
        limits=engine._permissions_boundary(iam._roles, name, get_account_id()),
    )
    keys = {f"kms:encryptioncontext:{name}": value for name, value in context.items()}
    asked = policy_evaluator.request(role, "kms:Decrypt", record["Arn"], get_region(), keys)
    if not policy_evaluator.decide(role, asked, (record.get("Policy") or "", get_account_id()), policy_required=True):
        raise DeployerError(f"The instance role {name} may not decrypt with the key {key} of the session document.")
