"""What an upgrade changes about the policies of a template."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class PolicyChange:
    """The statements of one resource's policies, by their Sids, that a template adds, takes away or words otherwise."""

    logical_id: str
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()


_NAMES = {"systems manager": "Systems Manager", "deep SQL": "DeepSQL", "ec2": "EC2", "aws": "AWS", "lambda": "Lambda"}
"""Names in a Sid, which says nothing of where a name ends, as they are written."""


def sentence_of(sid: str) -> str:
    """A Sid as a sentence: `ReadTheAdminPassword` is `Read the admin password`. Sids say what they permit."""
    if " " in sid:
        return sid
    words = re.split(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", sid)
    text = " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)
    for words_of_it, name in _NAMES.items():
        text = re.sub(rf"\b{words_of_it}\b", name, text)
    return text[:1].upper() + text[1:]
