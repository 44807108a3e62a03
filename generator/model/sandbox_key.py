"""The form of the sandbox's access keys, by which they are told from AWS's."""

from __future__ import annotations

import re

PREFIX = "SBOX"  # AWS's own ids begin with AKIA or ASIA: no client can take one for the other
DIGITS = 8  # of base32, 40 bits: an account id, and as much of a digest
_KEY_ID = re.compile(rf"{PREFIX}[A-Z2-7]{{{2 * DIGITS}}}")


def is_sandbox_key(access_key_id: str) -> bool:
    """Whether an ID has the form of a root key, of any sandbox."""
    return _KEY_ID.fullmatch(access_key_id) is not None
