"""A file from the network, kept only when it is the one expected."""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from pathlib import Path

from generator.errors import DeployerError, Refused, UsageError

SECONDS = 30.0
LARGEST = 4 * 1024 * 1024


def fetch(url: str, sha256: str, target: Path) -> Path:
    """Download `url` (https, its server verified by the system's authorities) to `target` when its hash is `sha256`.

    Raises UsageError for another scheme; Refused, with the actual hash, for another hash or none given: nothing is kept
    then; DeployerError when the download fails.
    """
    if not url.startswith("https://"):
        raise UsageError(f"{url} is not an https address.", "Give an https address with --from.")
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - https only, checked above
            content = answer.read(LARGEST + 1)
    except (urllib.error.URLError, OSError) as error:
        raise DeployerError(
            f"{url} could not be fetched: {getattr(error, 'reason', error)}.",
            "Fetch it on another computer and give it with --ca-bundle FILE.",
            code="download-failed",
        ) from None
    digest = hashlib.sha256(content).hexdigest()
    if len(content) > LARGEST or digest != sha256.lower():
        what = f"has the SHA-256 {digest}, not {sha256}" if sha256 else f"has the SHA-256 {digest}; nothing was kept"
        raise Refused(
            f"{url} {what}.",
            f"Once you have compared it with a source you trust: deployer db ca-bundle --sha256 {digest}",
            code="wrong-hash",
        )
    return _keep(content, target)


def _keep(content: bytes, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.write_bytes(content)
    return draft.replace(target)
