"""How long a policy is as AWS counts it, and how long it may be."""

from __future__ import annotations

import json
from typing import Final

INLINE_OF_A_USER: Final = 2_048
"""All inline policies of one user together (IAM quotas)."""
INLINE_OF_A_ROLE: Final = 10_240
"""All inline policies of one role together (IAM quotas)."""
MANAGED: Final = 6_144
"""A managed policy (IAM quotas)."""


def characters(document: object) -> int:
    """The characters of a policy document as JSON; IAM does not count white space between its parts."""
    return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False, default=str))
