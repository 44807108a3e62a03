"""What KMS and Secrets Manager say of a key or a secret that somebody has disabled or is about to delete."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from generator.errors import AwsError, DeployerError
from generator.gateway.error_row import ErrorRow, Source
from generator.model.arn import Arn
from generator.model.command_line import CommandLine
from generator.model.contract import Resource
from generator.model.resource_state import BrokenResource, KeyState, broken_key, broken_secret

RESOURCE_STATE = "resource-state"
"""The slug of the errors of this table: no permission is missing."""
LOOK = "Whoever owns the secret sees which it is, and what restores it, with: deployer doctor"


def _key(message: str, params: Mapping[str, Any]) -> DeployerError:
    """The ARN of the key stands in the text of KMS."""
    named = re.search(r"arn:[\w-]+:kms:\S+?(?=[\s.,]|$)", message)
    arn = named[0] if named else str(params.get("KeyId", ""))
    if "pending" in message:
        return _of(broken_key(arn, KeyState("PendingDeletion"), _commands(arn)), "KMSInvalidStateException")
    return _of(broken_key(arn, KeyState("Disabled"), _commands(arn)), "DisabledException")


def _secret(message: str, params: Mapping[str, Any]) -> DeployerError:
    arn = str(params.get("SecretId", ""))
    resource = Resource.ADMIN_SECRET if str(Resource.ADMIN_SECRET) in arn else Resource.SUPPORT_SECRET
    return _of(broken_secret(resource, arn, _commands(arn), exists=True, deleted=True), "InvalidRequestException")


def _not_decrypted(message: str, params: Mapping[str, Any]) -> DeployerError:
    why = "its KMS key is disabled, pending deletion or gone"
    message = f"Secrets Manager cannot decrypt the secret {params.get('SecretId', '')}: {why}."
    return _error(message, LOOK, "DecryptionFailure")


def _of(broken: BrokenResource | None, code: str) -> AwsError:
    return _error(broken.sentence if broken else "", broken.hint if broken else "", code)


def _error(message: str, hint: str, aws_code: str) -> AwsError:
    error = AwsError(message, hint, aws_code=aws_code)
    error.code = RESOURCE_STATE
    return error


def _commands(arn: str) -> CommandLine:
    named = Arn.find(arn)
    return CommandLine(region=named.region if named else "")


ROWS: tuple[ErrorRow, ...] = (
    ErrorRow("DisabledException", r"is disabled", _key, Source.RECORDED),
    ErrorRow("KMSInvalidStateException", r"pending deletion", _key, Source.RECORDED),
    ErrorRow("InvalidRequestException", r"(marked|scheduled) for deletion", _secret, Source.RECORDED),
    ErrorRow("DecryptionFailure", "", _not_decrypted, Source.DOCUMENTED),
)
