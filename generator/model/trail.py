"""What CloudTrail records: the trails of a region, and the start of a session as its record has it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trail:
    """A trail that records this region: its name, where its files go, and the region in which it was made."""

    name: str
    arn: str
    bucket: str = ""
    home_region: str = ""


@dataclass(frozen=True)
class SessionStart:
    """A StartSession call that was answered: the session, the address it came from, and the program that made it."""

    session_id: str
    address: str = ""
    agent: str = ""
