"""A pointer to the latest version as its reader follows it: verified, in force, and no older than one seen before.

What was seen is remembered by address (of a file: its path), in the user's state directory, where there is one.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from generator import directories
from generator.errors import DeployerError
from generator.host.files import write_private
from generator.model.latest import Latest, read_latest, require_current
from generator.model.release import version_key
from generator.model.signature import PublicKey


@dataclass(frozen=True)
class Followed:
    """What a pointer says, and the ID of the key that signed it."""

    latest: Latest
    key_id: str


def follow(source: str, content: bytes, keys: tuple[PublicKey, ...], now: datetime) -> Followed:
    """What the pointer with this content says. Raises NotVerified."""
    from generator.signing.bundle import verify_statement

    proven = verify_statement(content.decode("utf-8", "replace"), keys)
    latest, place = read_latest(proven.statement), _place(source)
    seen = _seen()
    require_current(latest, now, seen.get(place, ""))
    if version_key(latest.version) > version_key(seen.get(place, "0")):
        _remember({**seen, place: latest.version})
    return Followed(latest, proven.key_id)


def _place(source: str) -> str:
    return source if "://" in source else Path(source).absolute().as_uri()


def _memory() -> Path:
    return directories.private_state("published") / "latest.json"


def _seen() -> dict[str, str]:
    """Address of a pointer to the latest version that it named. A file that cannot be read is as if there were none."""
    with suppress(OSError, ValueError, DeployerError):
        whole = json.loads(_memory().read_text())
        if isinstance(whole, dict):
            return {str(url): str(version) for url, version in whole.items() if str(version).replace(".", "").isdigit()}
    return {}


def _remember(seen: dict[str, str]) -> None:
    with suppress(OSError, DeployerError):  # it is a second line of defence; the pointer's end is the first
        write_private(_memory(), json.dumps(seen, indent=1) + "\n")
