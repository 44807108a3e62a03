"""RDS's certificate authorities: which file to trust, and how to download it."""

from __future__ import annotations

import os
from pathlib import Path

from generator import directories
from generator.errors import NotFound
from generator.host.download import fetch
from generator.sandbox import state

BUNDLE_URL = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"  # RDS user guide, "Using SSL/TLS"


def ca_bundle(given: str) -> str:
    """The path of the bundle to trust: the file given, DEPLOYER_CA_BUNDLE, or what `db ca-bundle` downloaded.

    Returns "system" for that word. Raises NotFound for a file that is missing, unreadable or no bundle,
    and in the sandbox while no database of it is running.
    """
    chosen = Path(given or os.environ.get("DEPLOYER_CA_BUNDLE") or default_bundle(directories.data()))
    if given == "system":  # RDS Proxy has public certificates; libpq 16 has this value
        return given
    if not chosen.is_file():
        if chosen == state.home() / state.DATABASE_AUTHORITIES:
            raise NotFound(
                "No database of the sandbox is running: a database stops with the sandbox, and begins empty.",
                "Start it again, by its name: deployer sandbox database app",
                code="sandbox-database-stopped",
            )
        raise NotFound(
            f"There is no CA bundle {chosen}, and without RDS's certificate authorities no server can be verified.",
            "Download it with: deployer db ca-bundle, or give one with --ca-bundle FILE.",
            code="ca-bundle-missing",
        )
    _require_certificates(chosen)
    return str(chosen.absolute())


def _require_certificates(bundle: Path) -> None:
    try:
        has_certificate = b"-BEGIN CERTIFICATE-" in bundle.read_bytes()
    except OSError as error:
        raise NotFound(
            f"The CA bundle {bundle} cannot be read: {error.strerror}.",
            "Make it readable, or download another with: deployer db ca-bundle",
            code="ca-bundle-missing",
        ) from None
    if not has_certificate:
        raise NotFound(
            f"The file {bundle} contains no PEM certificate, so it is not a CA bundle.",
            "Download RDS's with: deployer db ca-bundle",
            code="ca-bundle-empty",
        )


def fetch_bundle(source: str, sha256: str, authorities: str = "") -> Path:
    """Download RDS's bundle to its default path, which is returned. Raises Refused when its hash is not the one given.

    `authorities`: the file of those that are trusted there, "" for the environment's or the system's.
    """
    return fetch(source or BUNDLE_URL, sha256, default_bundle(directories.data()), authorities)


def default_bundle(directory: Path) -> Path:
    """The path to which `db ca-bundle` downloads."""
    return directory / "rds-global-bundle.pem"
