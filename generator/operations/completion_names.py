"""What the shell's completion offers: names that the last commands saw, in a file that can be read without AWS.

One file in the user's cache directory (mode 0600): by place (a region, or `sandbox`), by kind, the newest first.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from configparser import Error, RawConfigParser
from pathlib import Path
from typing import TYPE_CHECKING

from generator import directories
from generator.directories import NoHome
from generator.model.json_text import parse_json
from generator.model.names import is_name
from generator.sandbox.state import set_here

if TYPE_CHECKING:
    from generator.gateway.aws import Gateway

FILE = "completion.json"
SANDBOX = "sandbox"
REGIONS = "regions"
MOST = 50  # names of a kind in a place: more is no help at a prompt
Names = dict[str, dict[str, list[str]]]


def remember(gateway: Gateway) -> None:
    """Add what this gateway saw. Whatever stands in the way, the command that was run is none the worse for it."""
    with contextlib.suppress(Exception):
        if not gateway.seen_names:
            return
        known = _read()
        merged = _merged(known, SANDBOX if gateway.only_sandbox else gateway.region, gateway.seen_names)
        of_partition = merged.get(REGIONS, {}).get(REGIONS, [])
        merged[REGIONS] = {REGIONS: list(dict.fromkeys([*of_partition, *gateway.regions]))}
        if merged != known:
            from generator.host.files import write_private

            write_private(_path(), json.dumps(merged))


def seen(kind: str, *, sandbox: bool = False, region: str = "") -> list[str]:
    """The names of a kind, newest first: of the sandbox, of a region, or of all regions where none is given.

    In a shell that points to the sandbox they are the sandbox's.
    """
    sandbox = sandbox or _in_the_sandbox()
    known = _read()
    places = [SANDBOX] if sandbox else [region] if region else [each for each in known if each != SANDBOX]
    names = dict.fromkeys(name for place in places for name in known.get(place, {}).get(kind, ()))
    return [name for name in names if is_name(kind, name)]


def regions() -> list[str]:
    """The regions of AWS, those first in which something was seen; none before the first command that asked AWS."""
    known = _read()
    used = [place for place in known if place not in (SANDBOX, REGIONS)]
    names = dict.fromkeys([*used, *known.get(REGIONS, {}).get(REGIONS, ())])
    return [name for name in names if is_name("region", name)]


def profiles() -> list[str]:
    """The profiles in the files of the AWS configuration; none from a file that cannot be read."""
    config = _sections(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config")
    credentials = _sections(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials")
    named = [name.removeprefix("profile ") for name in config if name == "default" or name.startswith("profile ")]
    return list(dict.fromkeys(name.strip().strip("\"'") for name in (*named, *credentials)))


def _in_the_sandbox() -> bool:
    with contextlib.suppress(NoHome):
        return bool(set_here())
    return False


def _sections(path: str) -> list[str]:
    parser = RawConfigParser(strict=False, default_section="")
    try:
        parser.read_string(Path(path).expanduser().read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError, Error):
        return []
    return parser.sections()


def _merged(known: Names, place: str, names: Iterable[tuple[str, str]]) -> Names:
    """The names with the new ones in front, at most MOST of a kind. Pure."""
    merged = {each: dict(kinds) for each, kinds in known.items()}
    at = merged.setdefault(place, {})
    for kind, name in reversed(list(names)):
        at[kind] = [name, *(other for other in at.get(kind, ()) if other != name)][:MOST]
    return merged


def _path() -> Path:
    return directories.cache() / FILE


def _read() -> Names:
    """What is in the file; nothing where it is missing or not of this form."""
    try:
        known = parse_json(_path().read_text(encoding="utf-8"))
        return {str(place): {str(k): [str(n) for n in names] for k, names in of.items()} for place, of in known.items()}
    except (OSError, NoHome, ValueError, AttributeError, TypeError):
        return {}
