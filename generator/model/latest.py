"""The signed pointer to the latest version: which it is, the digests of its files, and until when that is good.

An older pointer, played again, is noticed in two ways: it ends, and whoever has seen a newer version knows that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from generator.model.duration import END_FORMAT, parse_end
from generator.model.release import version_key
from generator.model.signature import NotVerified, Statement

PREDICATE_TYPE = "tag:deepsql.ai,2026:deployer/latest/v1"


@dataclass(frozen=True)
class Latest:
    """What the pointer says: the version, the SHA-256 of its files by name below the prefix, and its end (UTC)."""

    version: str
    files: Mapping[str, str]
    expires: datetime


def latest_statement(latest: Latest) -> Statement:
    """The statement to sign."""
    says = {"version": latest.version, "expires": latest.expires.strftime(END_FORMAT)}
    return Statement(PREDICATE_TYPE, dict(latest.files), says)


def read_latest(statement: Statement | None) -> Latest:
    """What a verified statement says. Raises NotVerified for one that is no pointer."""
    if statement is None or statement.predicate_type != PREDICATE_TYPE:
        raise NotVerified(
            "Not verified: the signed statement is no pointer to a latest version.",
            "Give the pointer, or the file that this is about: deployer verify FILE",
        )
    version, expires = str(statement.predicate.get("version", "")), parse_end(str(statement.predicate.get("expires")))
    if not version or expires is None:
        raise NotVerified("Not verified: the pointer names no version, or no end.", "Ask the vendor.")
    return Latest(version, statement.subjects, expires)


def require_current(latest: Latest, now: datetime, seen: str) -> None:
    """Raise NotVerified for a pointer that has ended, or is older than the version `seen` before ("" for none)."""
    if latest.expires <= now:
        raise NotVerified(
            f"Not verified: the pointer to version {latest.version} ended on {latest.expires.strftime(END_FORMAT)}.",
            "It may be an old one, played again. Fetch it anew; if it stays so, ask the vendor.",
            code="pointer-ended",
        )
    if seen and version_key(latest.version) < version_key(seen):
        raise NotVerified(
            f"Not verified: the pointer names version {latest.version}, and {seen} was the latest before.",
            "It may be an old one, played again: ask the vendor. The version itself verifies at its own address.",
            code="pointer-older",
        )
