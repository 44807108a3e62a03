"""Results of doctor's checks: one line each, and the command that fixes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """The result of a check."""

    GOOD = "ok"
    BAD = "missing"
    NOTE = "note"  # not needed, or not wrong
    UNKNOWN = "unknown"  # could not be checked


@dataclass(frozen=True)
class Diagnosis:
    """One check. `hint` is the command that fixes it, empty if nothing is wrong."""

    subject: str
    verdict: Verdict
    answer: str
    hint: str = ""


@dataclass(frozen=True)
class InstanceHealth:
    """What matters for sessions on an instance. `tokens` and `hops` are IMDS settings, "" and 0 if not reported.
    `groups` are the IDs of its security groups."""

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
