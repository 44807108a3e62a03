"""What KMS and Secrets Manager say of a key or a secret that somebody has disabled or is about to delete."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from generator.errors import AwsError, DeployerError
from generator.gateway.error_row import COMMANDS, ErrorRow, Source
from generator.model.arn import Arn
from generator.model.command_line import CommandLine
from generator.model.contract import Resource
from generator.model.resource_state import (
    NOTHING_BY_IT,
    WHAT_IT_KEEPS,
    BrokenResource,
    KeyState,
    broken_key,
    broken_secret,
)

RESOURCE_STATE = "resource-state"
"""The slug of the errors of this table: no permission is missing."""
LOOK = "Whoever owns the secret sees which it is, and what restores it, with: deployer doctor"


def _key(message: str, params: Mapping[str, Any]) -> DeployerError:
    """The ARN of the key stands in the text of KMS. That of a secret is the stack's; another call names any key."""
    named = re.search(r"arn:[\w-]+:kms:\S+?(?=[\s.,]|$)", message)
    arn = named[0] if named else str(params.get("KeyId", ""))
    effect = _effect_on(str(params["SecretId"])) if "SecretId" in params else NOTHING_BY_IT
    pending = "pending" in message
    state = KeyState("PendingDeletion" if pending else "Disabled")
    aws_code = "KMSInvalidStateException" if pending else "DisabledException"
    return _of(broken_key(arn, state, _commands(arn, params), effect), aws_code)


def _secret(message: str, params: Mapping[str, Any]) -> DeployerError:
    arn = str(params.get("SecretId", ""))
    resource = Resource.ADMIN_SECRET if str(Resource.ADMIN_SECRET) in arn else Resource.SUPPORT_SECRET
    broken = broken_secret(resource, arn, _commands(arn, params), exists=True, deleted=True)
    if broken and str(resource) not in arn:  # none of the stack's, such as RDS's own of a master user
        broken = replace(broken, subject=f"secret {arn}")
    return _of(broken, "InvalidRequestException")


def _effect_on(secret: str) -> str:
    """What does not work without the key of a secret: of support's it is the stack's key, which has more to do."""
    return WHAT_IT_KEEPS if str(Resource.SUPPORT_SECRET) in secret else f"the secret {secret} cannot be read"


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


def _commands(arn: str, params: Mapping[str, Any]) -> CommandLine:
    """Those of the gateway that asked, in the region of what they are about."""
    commands: CommandLine = params.get(COMMANDS) or CommandLine()
    named = Arn.find(arn)
    return replace(commands, region=named.region) if named else commands


ROWS: tuple[ErrorRow, ...] = (
    ErrorRow("DisabledException", r"is disabled", _key, Source.RECORDED),
    ErrorRow("KMSInvalidStateException", r"pending deletion", _key, Source.RECORDED),
    ErrorRow("InvalidRequestException", r"(marked|scheduled) for deletion", _secret, Source.RECORDED),
    ErrorRow("DecryptionFailure", "", _not_decrypted, Source.DOCUMENTED),
)
