"""The access keys of the sandbox's root users, derived from one secret that is random for each start. Pure functions.

Every account has a root user and accounts need no creation, so the account is part of the key's ID, as on AWS.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field

from generator.model.sandbox_key import DIGITS, PREFIX, is_sandbox_key

_ACCOUNT = re.compile(r"\d{12}")


@dataclass(frozen=True)
class RootKey:
    """The access key of `account`'s root user in one sandbox."""

    account: str
    access_key_id: str
    secret_access_key: str = field(repr=False)


def root_key(secret: str, account: str) -> RootKey:
    """The access key of an account's root user. Raises ValueError when `account` is not 12 digits."""
    if not _ACCOUNT.fullmatch(account):
        raise ValueError(f"{account} is not an account ID: an account ID has 12 digits")
    number = base64.b32encode(int(account).to_bytes(5)).decode()
    check = base64.b32encode(_derive(secret, f"id:{account}")[:5]).decode()
    password = base64.b64encode(_derive(secret, f"secret:{account}")).decode()[:40]
    return RootKey(account, f"{PREFIX}{number}{check}", password)


def find_root_key(secret: str, access_key_id: str) -> RootKey | None:
    """The root key with that ID; None when it was not derived from this secret."""
    if not is_sandbox_key(access_key_id):
        return None
    number = int.from_bytes(base64.b32decode(access_key_id[len(PREFIX) :][:DIGITS]))
    if number > 999_999_999_999:
        return None
    key = root_key(secret, f"{number:012d}")
    return key if hmac.compare_digest(key.access_key_id, access_key_id) else None


def control_token(secret: str) -> str:
    """The token for the endpoints under /_sandbox/."""
    return _derive(secret, "control").hex()


def function_secret(secret: str, access_key_id: str) -> tuple[str, str]:
    """Secret access key and session token of a function's credentials."""
    return _derive(secret, f"function:{access_key_id}").hex(), _derive(secret, f"session:{access_key_id}").hex()


def _derive(secret: str, purpose: str) -> bytes:
    return hmac.new(bytes.fromhex(secret), purpose.encode(), hashlib.sha256).digest()
