"""A published template for `up` and `upgrade`: the bytes that were verified are the bytes that are sent.

The address is read once. CloudFormation is never given it, because it would read it a second time.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from generator import directories
from generator.errors import DeployerError, UsageError
from generator.host.files import write_private
from generator.model.latest import Latest, read_latest, require_current
from generator.model.release import POINTER, WIRE_FILE, version_key
from generator.model.signature import NotVerified, PublicKey
from generator.model.up import PublishedTemplate
from generator.operations.clock import SYSTEM, Clock
from generator.operations.publishing.keys import trusted_keys
from generator.operations.publishing.verify import VerifyRequest, read, verified_content


def published_template(url: str, keys: tuple[str, ...], clock: Clock = SYSTEM) -> PublishedTemplate:
    """The template at an address, or the latest one where the address is that of a pointer; verified.

    Raises NotVerified, UsageError for what is no template of this product, NotFound and DeployerError.
    """
    if url.rpartition("/")[2] != POINTER:
        return _read(url, keys)
    latest = follow(url, trusted_keys(keys), clock.now())
    name = f"{latest.version}/{WIRE_FILE}"
    template = _read(f"{url.removesuffix(POINTER)}{name}", keys)
    if latest.files.get(name) != template.sha256:
        raise NotVerified(
            f"Not verified: the pointer names another digest for {name} than the template has.",
            "Ask the vendor. The version itself verifies at its own address.",
        )
    return template


def _read(url: str, keys: tuple[str, ...]) -> PublishedTemplate:
    done, content = verified_content(VerifyRequest(url, keys))
    if done.kind != "template":
        raise UsageError(f"{url} is no template of this product: {done.kind}.", "Give the address of a template.")
    return PublishedTemplate(url, content.decode(), done.sha256, done.version, done.key_id)


def follow(url: str, keys: tuple[PublicKey, ...], now: datetime) -> Latest:
    """What a pointer says, verified, in force, and no older than what it said before on this computer.

    What was seen is remembered by address, in the user's state directory, where there is one. Raises NotVerified.
    """
    from generator.signing.bundle import verify_statement

    latest = read_latest(verify_statement(read(url).decode("utf-8", "replace"), keys).statement)
    seen = _seen()
    require_current(latest, now, seen.get(url, ""))
    if version_key(latest.version) > version_key(seen.get(url, "0")):
        _remember({**seen, url: latest.version})
    return latest


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
