"""A pointer to the latest version as its reader follows it: verified, in force, and no older than one seen before.

What was seen is remembered by address (of a file: its path) and by the key that signed it, in the user's state
directory, where there is one.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from generator import __version__, directories
from generator.errors import DeployerError
from generator.host.files import write_private
from generator.model.json_text import parse_json
from generator.model.latest import Latest, read_latest, require_address, require_current
from generator.model.publishing import is_address, without_query
from generator.model.release import POINTER, WIRE_FILE, is_older, is_version, version_key
from generator.model.signature import NotVerified, PublicKey


@dataclass(frozen=True)
class Followed:
    """What a pointer says, and the ID of the key that signed it."""

    latest: Latest
    key_id: str


def follow(source: str, content: bytes, keys: tuple[PublicKey, ...], now: datetime) -> Followed:
    """What the pointer with this content says, held against what was seen before. Raises NotVerified.

    What a key signed that is trusted no longer does not count: whoever had it could have named any version.
    """
    followed, place, seen = read_pointer(source, content, keys, now), _place(source), _seen()
    latest, of_place = followed.latest, seen.get(place, {})
    counts = [of_place[key] for key in ("", *(key.key_id for key in keys)) if key in of_place]
    require_current(latest, now, max(counts, key=version_key, default=""))
    _require_no_older(latest, source)
    if of_place.get(followed.key_id) != latest.version:
        _remember({**seen, place: {**of_place, followed.key_id: latest.version}})
    return followed


def read_pointer(source: str, content: bytes, keys: tuple[PublicKey, ...], now: datetime) -> Followed:
    """What the pointer says: signed, in force, and of the channel whose address it is at. Raises NotVerified."""
    from generator.signing.bundle import verify_statement

    proven = verify_statement(content.decode("utf-8", "replace"), keys)
    latest = read_latest(proven.statement)
    require_current(latest, now, "")
    if is_address(source):
        require_address(latest, without_query(source))
    return Followed(latest, proven.key_id)


def _require_no_older(latest: Latest, source: str) -> None:
    """Raise NotVerified for a version older than this program, which was published with its own."""
    if is_older(latest.version, __version__):
        raise NotVerified(
            f"Not verified: the pointer names version {latest.version}, and this program is of {__version__}.",
            f"It may be an old one, played again: ask the vendor. {own_address(source, latest.version)}",
            code="pointer-older",
        )


def own_address(pointer: str, version: str) -> str:
    """The sentence that names a version's own address, by that of the pointer."""
    folder = without_query(pointer).removesuffix(POINTER)
    return f"If you want that version, give its own address: {folder}{version}/{WIRE_FILE}"


def _place(source: str) -> str:
    """Without the query of an address, which would make another place of the same one."""
    return without_query(source) if is_address(source) else Path(source).absolute().as_uri()


def _memory() -> Path:
    return directories.private_state("published") / "latest.json"


def _seen() -> dict[str, dict[str, str]]:
    """Address of a pointer, to the latest version that each key named there (by the key's ID).

    An earlier program wrote a version alone, of no key: that is under "". What cannot be read is as if there were none.
    """
    with suppress(OSError, ValueError, DeployerError):
        whole = parse_json(_memory().read_text(encoding="utf-8"))
        if isinstance(whole, dict):
            return {str(url): _by_key(versions) for url, versions in whole.items()}
    return {}


def _by_key(versions: object) -> dict[str, str]:
    named = versions if isinstance(versions, dict) else {"": versions}
    return {str(key): version for key, version in named.items() if isinstance(version, str) and is_version(version)}


def _remember(seen: dict[str, dict[str, str]]) -> None:
    with suppress(OSError, DeployerError):  # it is a second line of defence; the pointer's end is the first
        write_private(_memory(), json.dumps(seen, indent=1) + "\n")
