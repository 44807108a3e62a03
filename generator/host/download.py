"""A file from the network: kept only when it is the one expected, or read by whoever judges it."""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from generator.errors import DeployerError, NotFound, Refused, UsageError

SECONDS = 30.0
LARGEST = 4 * 1024 * 1024
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


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


def read_url(url: str, limit: int) -> bytes:
    """The content at an address, of `limit` bytes at most; https, or http on this computer. The caller judges it.

    Raises UsageError for another address or a longer content, NotFound where there is none that everybody may read
    (S3 answers 403 for what does not exist), and DeployerError.
    """
    _require_address(url)
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - checked above
            _require_address(answer.geturl())
            content: bytes = answer.read(limit + 1)
    except urllib.error.HTTPError as error:
        if error.code in (403, 404, 410):
            raise NotFound(
                f"There is nothing to read at {url}: HTTP {error.code}.", "Check the address.", code="no-such-address"
            ) from None
        raise _not_fetched(url, f"HTTP {error.code}") from None
    except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
        raise _not_fetched(url, str(getattr(error, "reason", error))) from None
    if len(content) > limit:
        raise UsageError(f"{url} has more than {limit:,} bytes.", "Check the address.", code="too-large")
    return content


def _require_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        fits = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    except ValueError:
        fits = False
    if not fits:
        raise UsageError(f"{url} is not an https address.", "Give an https address, or a file.", code="not-https")


def _not_fetched(url: str, why: str) -> DeployerError:
    return DeployerError(
        f"{url} could not be fetched: {why}.", "Try again, or fetch it elsewhere.", code="download-failed"
    )


def _keep(content: bytes, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.write_bytes(content)
    return draft.replace(target)
