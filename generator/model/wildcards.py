"""Wildcards as IAM matches them."""

from __future__ import annotations

import re


def like(pattern: str, text: str) -> bool:
    """`*` matches any text, `?` one character. `text` may be a pattern itself: `?` does not cover its `*`."""
    regex = "".join({"*": ".*", "?": "[^*]"}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(regex, text, re.S) is not None


def reaches(pattern: str, start: str) -> bool:
    """Whether a pattern may match a text that begins with `start`; a policy variable stands for any text."""
    known = re.sub(r"\$\{[^}]*\}", "*", pattern)
    return any(like(known[:length], start) for length in range(len(known) + 1))


def arn_like(pattern: str, text: str) -> bool:
    """IAM's ArnLike: part by part, a wildcard does not reach into the next part (IAM user guide, "ARN operators").

    A pattern of fewer than six parts is no ARN; it is compared as a whole.
    """
    parts, values = pattern.split(":", 5), text.split(":", 5)
    if len(parts) < 6 or len(values) < 6:
        return like(pattern, text)
    return all(like(part, value) for part, value in zip(parts, values, strict=True))
