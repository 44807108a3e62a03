"""What doctor found: one line a thing, and the command that mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """How a check came out."""

    GOOD = "ok"
    BAD = "missing"
    NOTE = "note"  # not needed, or not wrong
    UNKNOWN = "unknown"  # could not be looked at


@dataclass(frozen=True)
class Diagnosis:
    """One check. `hint` is the command that mends it, empty where nothing is wrong."""

    subject: str
    verdict: Verdict
    answer: str
    hint: str = ""


@dataclass(frozen=True)
class InstanceHealth:
    """What of an instance decides about sessions. `tokens` and `hops` are IMDS settings; "" and 0 when not told.
    `groups` are the ids of its security groups."""

    instance_id: str
    state: str
    vpc_id: str
    subnet_id: str
    profile: str = ""
    tokens: str = ""
    hops: int = 0
    imds: str = "enabled"
    tags: Mapping[str, str] = field(default_factory=dict)
    private_ip: str = ""
    public_ip: str = ""
    groups: tuple[str, ...] = ()
