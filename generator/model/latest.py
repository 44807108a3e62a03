"""The signed pointer to the latest version: which it is, the digests of its files, and until when that is good.

An older pointer, played again, is noticed in two ways: it ends, and whoever has seen a newer version knows that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote, urlsplit

from generator.model.duration import END_FORMAT, parse_end
from generator.model.release import is_version, version_key
from generator.model.signature import NotVerified, Statement

PREDICATE_TYPE = "tag:deepsql.ai,2026:deployer/latest/v1"


@dataclass(frozen=True)
class Latest:
    """What the pointer says: the version, the SHA-256 of its files by name below the prefix, and its end (UTC).

    `place` is the channel that it is of, BUCKET/PREFIX; "" for a pointer that names none.
    """

    version: str
    files: Mapping[str, str]
    expires: datetime
    place: str = ""


def latest_statement(latest: Latest) -> Statement:
    """The statement to sign."""
    says = {"version": latest.version, "expires": latest.expires.strftime(END_FORMAT), "place": latest.place}
    return Statement(PREDICATE_TYPE, dict(latest.files), says)


def read_latest(statement: Statement | None) -> Latest:
    """What a verified statement says. Raises NotVerified for one that is no pointer."""
    if statement is None or statement.predicate_type != PREDICATE_TYPE:
        raise NotVerified(
            "Not verified: the signed statement is no pointer to a latest version.",
            "Give the pointer, or the file that this is about: deployer verify FILE",
        )
    version, expires = str(statement.predicate.get("version", "")), parse_end(str(statement.predicate.get("expires")))
    if not is_version(version) or expires is None:
        raise NotVerified("Not verified: the pointer names no version, or no end.", "Ask the vendor.")
    return Latest(version, statement.subjects, expires, str(statement.predicate.get("place", "")))


def require_address(latest: Latest, address: str) -> None:
    """Raise NotVerified for a pointer of another channel than the address is of, such as a beta's.

    In an address the bucket is the first part of the path or of the host's name; on a host of the vendor's own, it is
    in neither, and the prefix alone is compared.
    """
    if not _is_at(latest.place, address):
        raise NotVerified(
            f"Not verified: the pointer is of {latest.place or 'no place that it names'}, and was put at {address}.",
            "Ask the vendor: somebody put it there.",
            code="pointer-elsewhere",
        )


def _is_at(place: str, address: str) -> bool:
    parts = urlsplit(address)
    folder = unquote(parts.path).rpartition("/")[0]
    bucket, _, prefix = place.partition("/")
    if not prefix or f"/{folder}".endswith(f"/{place}"):
        return bool(prefix)
    named = re.fullmatch(r"(.+)\.s3[.-].*amazonaws\.com(\.cn)?", parts.hostname or "")
    return folder.strip("/") == prefix and (named is None or named[1] == bucket)


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
