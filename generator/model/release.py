"""What is published of one version: the objects, where they are, and what the bucket lets everybody do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from generator.errors import UsageError
from generator.model.parameter_options import PARAMETERS
from generator.model.provenance import Source
from generator.model.publishing import without_query
from generator.model.up import Check

POINTER = "latest.sigstore.json"
STACK_FILE, WIRE_FILE = "deepsql-stack.yaml", "deepsql-stack.wire.yaml"
SBOM_FILE, CHANGELOG_FILE = "sbom.cdx.json", "CHANGELOG.md"
DEFAULT_DAYS = 90
LONGEST_ADDRESS = 1024
"""Characters of a template's address in a quick-create link (CloudFormation user guide, quick-create links)."""


@dataclass(frozen=True)
class Encryption:
    """How S3 says that an object is encrypted, or a bucket by default: AES256, aws:kms, or "" where it does not say.

    `key` is the ID or ARN of the key in KMS, "" for AWS's own.
    """

    encryption: str
    key: str = ""


@dataclass(frozen=True)
class StoredObject:
    """An object of a bucket, and the ETag by which a write can name this very state of it.

    `version`: the ID of the version, "" where the bucket keeps none.
    """

    content: bytes = field(repr=False)
    etag: str = ""
    version: str = ""


@dataclass(frozen=True)
class LifecycleRule:
    """A rule in force of a bucket's lifecycle that deletes or moves objects below `prefix`, "" for all of them."""

    name: str
    prefix: str


@dataclass(frozen=True)
class BucketSettings:
    """What of a bucket decides who reads it, and for how long.

    `policy` is JSON text, "" for none; `versioning` is Enabled, or not.
    """

    region: str
    versioning: str
    policy: str
    ownership: str
    blocks_public_policy: bool
    lifecycle: tuple[LifecycleRule, ...] = ()


@dataclass(frozen=True)
class ReleaseFile:
    """One object to publish: its name below the prefix, and what it has."""

    name: str
    content: bytes = field(repr=False)
    content_type: str = "application/octet-stream"


@dataclass(frozen=True)
class PublishRequest:
    """Where to publish and with which key; what goes along.

    `key`: a file, env://NAME or awskms:///KEY. `also_trusted`: public keys (files) by which an earlier signature of the
    same content, or the pointer, may be signed. `withdrawn`: those that have leaked, whose pointer is replaced,
    whatever version it names. `days`: how long the pointer to the latest version is good for.
    `regions`: of the quick-create links. `parameters`: their values. `lock` and `changelog`: files.
    """

    bucket: str
    key: str
    prefix: str
    lock: str
    changelog: str
    also_trusted: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    days: int = DEFAULT_DAYS
    plan_only: bool = False


@dataclass(frozen=True)
class PublishPlan:
    """What publishing would write, and what is there already.

    `source`: what it is made from; None where all of it is there. `new` and `present` are keys of objects;
    `moves_pointer` whether `latest` is written, `latest` the version that it names now; `checks` are of the bucket,
    `remedies` the commands that put right what does not hold; `links` the regions of the quick-create links.
    """

    version: str
    bucket: str
    prefix: str
    key_id: str
    source: Source | None
    new: tuple[str, ...]
    present: tuple[str, ...]
    moves_pointer: bool
    latest: str
    checks: tuple[Check, ...]
    remedies: tuple[str, ...] = ()
    links: tuple[str, ...] = ()

    @property
    def fit(self) -> bool:
        """Whether the bucket is as it must be."""
        return all(check.holds for check in self.checks)


@dataclass(frozen=True)
class Published:
    """What was published, and read back as a customer reads it.

    `links`: quick-create links by region; `unreadable`: the address in them that AWS's console cannot read, else "".
    """

    version: str
    bucket: str
    prefix: str
    key_id: str
    source: Source | None
    sha256: Mapping[str, str]
    written: tuple[str, ...]
    template_url: str
    latest_url: str
    links: Mapping[str, str] = field(default_factory=dict)
    unreadable: str = ""


def is_pointer(source: str) -> bool:
    """Whether a file or an address has the name of the pointer to the latest version."""
    return without_query(source).rpartition("/")[2] == POINTER


def version_key(version: str) -> tuple[int, ...]:
    """A version (1.2.3) as numbers that compare. Raises UsageError for another form."""
    if not is_version(version):
        raise UsageError(f"The version {version[:40]!r} is not numbers with dots.", "Give a version like 1.2.3.")
    return tuple(map(int, version.split(".")))


def is_version(text: str) -> bool:
    """Whether a text is a version: up to ten numbers of up to nine digits, with dots between them."""
    return re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9}){0,9}", text) is not None


def is_older(version: str, than: str) -> bool:
    """Whether a version is older than another; False where one of them is no version."""
    with suppress(UsageError):
        return version_key(version) < version_key(than)
    return False


def checked_parameters(given: Mapping[str, str]) -> dict[str, str]:
    """Values for a quick-create link. Raises UsageError for an unknown parameter, a secret, and one of the grant."""
    for key in given:
        if key not in PARAMETERS:
            raise UsageError(f"The template has no parameter {key}.", "Check its spelling.", code="unknown-parameter")
        if PARAMETERS[key].secret or PARAMETERS[key].of_the_grant:
            why = "a secret, which no link may have" if PARAMETERS[key].secret else "set by deployer access alone"
            raise UsageError(f"{key} is {why}.", "Leave it out.", code="link-parameter")
    return dict(given)
