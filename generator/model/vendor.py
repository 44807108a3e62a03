"""What the vendor's side works with: the secret's ARN, credentials on demand, the three policies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from generator.errors import UsageError
from generator.model.arn import Arn

_SECRET = re.compile(r"secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}")
_ROLE = re.compile(r"role/[A-Za-z0-9/_+=,.@-]+")
_SESSION_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{2,64}")
_KEY = re.compile(r"key/[A-Za-z0-9-]+")
_REGION = re.compile(r"[a-z0-9-]+")
_GLOBAL = re.compile("")


@dataclass(frozen=True)
class SecretArn:
    """The complete ARN of a customer's secret; across accounts a name or a part of it finds nothing."""

    text: str
    region: str
    account: str


@dataclass(frozen=True)
class RoleSession:
    """A session of a customer's support role. `session_name` is the engineer's name in it; "" lets the SDK choose."""

    role_arn: str
    external_id: str
    session_name: str = ""


def parse_secret_arn(text: str) -> SecretArn:
    """Read a secret's complete ARN. Raises UsageError that says where it is found."""
    arn = _find(text, "secretsmanager", _REGION, _SECRET)
    if arn is None:
        raise UsageError(
            f"{text} is not the complete ARN of a secret, with the six characters at its end.",
            "The customer finds it with: deployer outputs (SupportSecretArn)",
            code="secret-arn",
        )
    return SecretArn(text, arn.region, arn.account)


def _find(text: str, service: str, region: re.Pattern[str], resource: re.Pattern[str]) -> Arn | None:
    """The ARN that `text` is, when it names one resource of that form in an account."""
    arn = Arn.find(text)
    if arn is None or arn.service != service or not arn.names_account:
        return None
    return arn if region.fullmatch(arn.region) and resource.fullmatch(arn.resource) else None


def check_key_arn(text: str) -> str:
    """The ARN of a KMS key as it is. Raises UsageError for anything else, an alias too: policies name keys."""
    if _find(text, "kms", _REGION, _KEY) is None:
        raise UsageError(
            f"{text} is not the ARN of a KMS key.",
            "The customer finds it with: deployer outputs (StackKeyArn)",
            code="key-arn",
        )
    return text


def check_role_arn(text: str) -> str:
    """The ARN of a role as it is. Raises UsageError that says where it is found."""
    if _find(text, "iam", _GLOBAL, _ROLE) is None:
        raise UsageError(
            f"{text} is not the ARN of a role.",
            "The customer finds it with: deployer access confirm, or deployer outputs (SupportRoleArn)",
            code="role-arn",
        )
    return text


def check_session_name(text: str) -> str:
    """The name of a role session as it is. Raises UsageError for what STS does not take (API: RoleSessionName)."""
    if _SESSION_NAME.fullmatch(text) is None:
        raise UsageError(
            f"{text!r} cannot be the name of a role session.",
            "Give --session-name 2 to 64 letters, digits and _ + = , . @ - like jo.doe",
            code="session-name",
        )
    return text


class RequiredPolicy(Enum):
    """The three policies that must all let the vendor in."""

    SECRET = "the secret's resource policy (the customer's: deployer access grant)"  # noqa: S105 - no secret
    KEY = "the key's policy (the customer's: deployer access grant)"
    IDENTITY = "the vendor's own identity policy (deployer vendor identity-policy)"


@dataclass(frozen=True)
class VendorCheck:
    """Whether the secret can be read from here, and if not, which policy is missing and what AWS said.

    `usable`: whether AWS takes the key that is in it; None where it was not read, or AWS could not be asked.
    """

    secret_arn: str
    caller: str
    readable: bool
    missing: tuple[RequiredPolicy, ...] = ()
    answer: str = ""
    hint: str = ""
    usable: bool | None = None
