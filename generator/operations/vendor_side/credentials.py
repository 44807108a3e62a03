"""vendor credentials: an AWS credential_process. Nothing is written; SDKs ask again when the time is up.

Source: AWS SDKs and tools guide, "Process credential provider" (the envelope and its Version 1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, timedelta

from generator.errors import AwsError, DeployerError, NotFound, Refused
from generator.gateway.aws import Gateway
from generator.gateway.resource_state_errors import RESOURCE_STATE
from generator.model.access import Credentials
from generator.model.duration import END_FORMAT
from generator.model.json_text import parse_json
from generator.model.vendor import RoleSession, SecretArn
from generator.operations.access.key import DEAD_CODES
from generator.operations.aws import refused
from generator.operations.clock import SYSTEM, Clock
from generator.operations.vendor_side.check import GONE, for_the_customer

LIFETIME = timedelta(minutes=15)
"""After this SDKs ask again, so that a rotated key is picked up and a revoked one is missed soon."""


def credentials(gateway: Gateway, source: SecretArn | RoleSession) -> dict[str, object]:
    """The envelope of a credential_process, from the secret the customer shared or from the customer's support role.

    Raises AwsError with the next step, and DeployerError (`no-key`) for a secret without an access key; no error
    shows a value.
    """
    if isinstance(source, SecretArn):
        return from_secret(gateway, source)
    return _from_role(gateway, source)


def from_secret(gateway: Gateway, secret: SecretArn, clock: Clock = SYSTEM) -> dict[str, object]:
    """The envelope for the key that the secret holds now. Raises DeployerError, and none of them shows a value.

    A key that AWS refuses is none to hand over (`dead-key`): every call with it would fail, and none would say why.
    """
    with refused(f"See which policy is missing: deployer vendor check --secret-id {secret.text}"):
        try:
            value = _value(gateway.secretsmanager.get_secret_value(secret.text))
        except NotFound as error:
            raise error.explained(f"There is no secret {secret.text}.", hint=GONE) from error
        except AwsError as error:
            if error.code != RESOURCE_STATE:
                raise
            raise error.explained(hint=for_the_customer(error.hint)) from error
    _require_alive(gateway, value)
    expires = clock.now() + LIFETIME
    return {
        "Version": 1,
        "AccessKeyId": value["AccessKeyId"],
        "SecretAccessKey": value["SecretAccessKey"],
        "Expiration": expires.strftime(END_FORMAT),
    }


def _require_alive(gateway: Gateway, value: Mapping[str, str]) -> None:
    """Raise Refused for a key that AWS says it does not know (one call). Where AWS cannot be asked it is no refusal."""
    pair = Credentials(value["AccessKeyId"], value["SecretAccessKey"])
    try:
        gateway.sts_as(pair).get_caller_arn()
    except AwsError as error:
        if error.aws_code in DEAD_CODES:
            raise Refused(
                f"The access key in the secret is refused ({error.aws_code}): the customer has paused or revoked "
                "access.",
                "Ask the customer whether you have access: deployer access confirm",
                code="dead-key",
            ) from error
    except DeployerError:
        return


def _from_role(gateway: Gateway, role: RoleSession) -> dict[str, object]:
    """The envelope for a session of the customer's support role; AWS says when it ends."""
    with refused(
        "Ask the customer for the output of deployer access confirm: who has access, until when, and the external ID. "
        "Your own policy needs sts:AssumeRole and sts:SetSourceIdentity on that role."
    ):
        credentials, expires = gateway.sts.assume_role(
            role.role_arn, role.external_id, role.session_name, role.session_name
        )
    return {
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": expires.astimezone(UTC).strftime(END_FORMAT),
    }


def _value(text: str) -> Mapping[str, str]:
    try:
        value = parse_json(text)
    except ValueError:
        value = None
    pair = [value.get(half) for half in ("AccessKeyId", "SecretAccessKey")] if isinstance(value, dict) else []
    if not pair or not all(isinstance(half, str) and re.fullmatch(r"[!-~]+", half) for half in pair):
        raise DeployerError(
            "The secret can be read but contains no access key.",
            "Ask the customer to create one: deployer access rotate",
            code="no-key",
        )
    return {str(name): str(each) for name, each in value.items()}
