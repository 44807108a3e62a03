"""Signing keys on this computer, and what the verification of a file came to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from generator.errors import UsageError

BUNDLE_SUFFIX = ".sigstore.json"
PROVENANCE_SUFFIX = ".provenance.sigstore.json"
SIGNATURE_SUFFIX = ".sig"
DEFAULT_PREFIX = "deepsql"
PASSPHRASE_VARIABLE = "DEPLOYER_SIGNING_PASSPHRASE"  # noqa: S105 - the name of it


def checked_prefix(prefix: str) -> str:
    """A prefix of keys without slashes at its ends. Raises UsageError for one that an address would spell otherwise."""
    whole = prefix.strip("/")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*", whole):
        raise UsageError(f"--prefix cannot be {prefix!r}.", "Use letters, digits, . - _ and / between them.")
    return whole


def is_address(source: str) -> bool:
    """Whether a source is an address; else it is a file."""
    return "://" in source


def without_query(source: str) -> str:
    """An address without query and fragment; a file's name as it is."""
    return re.split("[?#]", source, maxsplit=1)[0] if is_address(source) else source


class PassphraseCaller(Protocol):
    """A caller that knows the passphrase of a signing key, or can ask for it."""

    def passphrase(self, key: str, *, new: bool = False) -> str:
        """The passphrase of `key`; a `new` one is asked for twice. Raises UsageError where nobody can be asked."""
        ...


@dataclass(frozen=True)
class KeyPair:
    """The two files of a new pair of signing keys."""

    private: str
    public: str
    key_id: str


@dataclass(frozen=True)
class KnownKey:
    """A public key (PEM), its ID, and where it comes from: a file, env://NAME or awskms:///KEY."""

    key_id: str
    pem: str
    place: str


@dataclass(frozen=True)
class VerifiedFile:
    """A file whose signature holds.

    `kind` is template, report, pointer or file; `version`, `says` and `name` are the signer's: the version of a
    template or of its provenance, the signed statement in words, and the name it was published under; "" for none.
    `source` is what it was made from, in the signer's provenance, in words; "" where there is no provenance.
    """

    file: str
    sha256: str
    key_id: str
    kind: str
    version: str = ""
    says: str = ""
    name: str = ""
    source: str = ""


@dataclass(frozen=True)
class VerifiedPointer(VerifiedFile):
    """A pointer to the latest version: its end (UTC), and the SHA-256 of that version's files by their names."""

    expires: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
