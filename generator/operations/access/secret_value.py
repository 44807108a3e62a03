"""The support secret's value: the key that the stack's function wrote into it, or that a person put another value."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from generator.gateway.aws import Gateway
from generator.model.access import Credentials
from generator.model.json_text import parse_json

KEY_ID, SECRET = re.compile(r"[A-Z0-9]{16,128}"), re.compile(r"[!-~]+")
"""What AWS makes (IAM API reference, AccessKey): a value of another form is shown to nobody, and sent nowhere."""


@dataclass(frozen=True)
class SecretKey:
    """What the secret holds: the key's id to be shown, the pair to be used, never shown."""

    key_id: str
    pair: Credentials = field(repr=False)


def read_secret_key(gateway: Gateway, arn: str) -> SecretKey | None:
    """The key in the secret; None when it holds none. Raises NotFound, AwsError when it may not be read."""
    return parse_secret(gateway.secretsmanager.get_secret_value(arn))


def parse_secret(text: str) -> SecretKey | None:
    """The key that a secret's value holds; None for a value that the keeper did not write, whatever it is. Pure."""
    try:
        value = parse_json(text)
    except ValueError:
        return None
    fields = value if isinstance(value, dict) else {}
    key_id, secret = fields.get("AccessKeyId"), fields.get("SecretAccessKey")
    if not (isinstance(key_id, str) and isinstance(secret, str)):
        return None
    if not (KEY_ID.fullmatch(key_id) and SECRET.fullmatch(secret)):
        return None
    return SecretKey(key_id, Credentials(key_id, secret))
