"""What a version consists of: templates, bill of materials, changelog, and what is signed of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from generator import __version__
from generator.errors import Refused, UsageError
from generator.model.provenance import Source, provenance
from generator.model.publishing import BUNDLE_SUFFIX, PROVENANCE_SUFFIX, SIGNATURE_SUFFIX
from generator.model.release import (
    CHANGELOG_FILE,
    POINTER,
    SBOM_FILE,
    WIRE_FILE,
    PublishRequest,
    ReleaseFile,
    StoredObject,
)
from generator.model.signature import NotVerified, PublicKey, Signer, Statement, sha256_of
from generator.model.template_name import TemplateName
from generator.model.unreadable_text import unreadable_text
from generator.operations.publishing.commit import source_commit
from generator.operations.publishing.place import Place, require_published
from generator.operations.publishing.verify import LARGEST, verified

DISTRIBUTION = "deepsql-deployer"
DIGESTS_FILE = "SHA256SUMS"
BESIDE = (BUNDLE_SUFFIX, SIGNATURE_SUFFIX, PROVENANCE_SUFFIX)


@dataclass(frozen=True)
class Release:
    """A version in the making: its files, who signs, who may have signed what is there, and what is there by name.

    `withdrawn`: keys of ours that sign no longer, and whose pointer counts for nothing. `source`: what it is made from.
    """

    request: PublishRequest
    signer: Signer
    trusted: tuple[PublicKey, ...]
    files: tuple[ReleaseFile, ...]
    stored: Mapping[str, StoredObject] = field(default_factory=dict)
    pointer: StoredObject | None = None
    withdrawn: tuple[PublicKey, ...] = ()
    source: Source = field(default_factory=Source)

    @property
    def place(self) -> str:
        """The channel: what a pointer names, so that it counts nowhere else."""
        return f"{self.request.bucket}/{self.request.prefix}"

    @property
    def parts(self) -> dict[str, ReleaseFile]:
        """Every name of this version and the file that it is, or proves: a file is written after what proves it."""
        return {f"{file.name}{suffix}": file for file in self.files for suffix in (*BESIDE, "")}

    def key(self, name: str) -> str:
        """The key of an object of this version."""
        return f"{self.request.prefix}/{__version__}/{name}"

    @property
    def pointer_key(self) -> str:
        """The key of the pointer to the latest version."""
        return f"{self.request.prefix}/{POINTER}"

    def require_never_replaced(self, replaced: Collection[str]) -> None:
        """Raise Refused where an object of this version was deleted, or written over: `replaced` are such keys."""
        if taken := sorted({self.key(name) for name in self.parts} & set(replaced)):
            raise Refused(
                f"Version {__version__} was published already, and {taken[0]} was deleted or replaced since.",
                "Customers may have the earlier one. Give this one another version.",
                code="published-otherwise",
            )

    def require_same(self, name: str, stored: bytes) -> None:
        """Raise Refused for another content than this version's, or a signature that no trusted key made."""
        file = self.parts[name]
        if name == file.name:
            if stored != file.content:
                raise Refused(
                    f"Version {__version__} is published already, and its {name} has other content.",
                    "What was published is never replaced. Give this one another version.",
                    code="published-otherwise",
                )
            return
        try:
            require_signature_of(file, name, stored, self.trusted)
        except NotVerified as error:
            raise Refused(
                f"{self.key(name)} is there already, and does not verify with this key.",
                "If an earlier key of yours signed it, name that too: --also-trusted FILE. Else give this one another "
                "version.",
                code="published-otherwise",
            ) from error


def source(request: PublishRequest) -> Source:
    """What this version is made from: this program's commit, where it is known, and the lock. Raises UsageError."""
    return Source(source_commit(), sha256_of(_text(request.lock, "--lock").encode()))


def contents(request: PublishRequest) -> tuple[ReleaseFile, ...]:
    """The files of this version below its folder, the same bytes each time. Raises UsageError for an unreadable one."""
    from generator.model.sbom import sbom
    from generator.template.emit import emit_named, wire

    templates = ((Path(name.path).name, emit_named(name)) for name in TemplateName)
    listed = sbom(_text(request.lock, "--lock"), DISTRIBUTION, __version__)
    files = (
        ReleaseFile(SBOM_FILE, listed.encode(), "application/vnd.cyclonedx+json"),
        ReleaseFile(CHANGELOG_FILE, _text(request.changelog, "--changelog").encode(), "text/markdown; charset=utf-8"),
        *(ReleaseFile(name, text.encode(), "application/yaml") for name, text in (*templates, (WIRE_FILE, wire()))),
    )
    _require_readable_sizes(files)
    sums = "".join(f"{sha256_of(file.content)}  {file.name}\n" for file in files)
    return (*files[:2], ReleaseFile(DIGESTS_FILE, sums.encode(), "text/plain"), *files[2:])


def _require_readable_sizes(files: Sequence[ReleaseFile]) -> None:
    """Raise UsageError for a file that nobody could verify at its address, before its version is taken."""
    for file in files:
        if len(file.content) > LARGEST:
            raise UsageError(
                f"{file.name} has {len(file.content):,} bytes, and is verified at its address up to {LARGEST:,}.",
                "Nothing was written. Make it shorter.",
                code="too-large",
            )


def signatures(files: Sequence[ReleaseFile], signer: Signer, source: Source) -> tuple[ReleaseFile, ...]:
    """The signatures that go beside the files: a bundle and a bare signature each, and the provenance of all."""
    from generator.signing.bundle import sign_content, sign_statement

    made: list[ReleaseFile] = []
    stated = sign_statement(_provenance(files, source), signer)
    for file in files:
        bundle, signature = sign_content(file.content, signer)
        made += [
            ReleaseFile(file.name + BUNDLE_SUFFIX, bundle.encode(), "application/json"),
            ReleaseFile(file.name + SIGNATURE_SUFFIX, signature),
            ReleaseFile(file.name + PROVENANCE_SUFFIX, stated.encode(), "application/json"),
        ]
    return tuple(made)


def require_signature_of(file: ReleaseFile, name: str, stored: bytes, trusted: Sequence[PublicKey]) -> None:
    """Raise NotVerified unless what is stored as `name`, beside the file, is a signature of it by a trusted key."""
    from generator.signing.keys import holds

    digest = sha256_of(file.content)
    if name.endswith(SIGNATURE_SUFFIX):
        if not any(holds(key, stored, bytes.fromhex(digest)) for key in trusted):
            raise NotVerified(f"Not verified: {name} is no signature of the file by a trusted key.")
        return
    proven = verified(file.content, stored, tuple(trusted))
    if name.endswith(PROVENANCE_SUFFIX):
        require_published(name, Place(__version__, file.name), digest, proven.statement)
    elif proven.statement is not None:
        raise NotVerified(f"Not verified: {name} is a statement, and no signature of the file itself.")


def _provenance(files: Sequence[ReleaseFile], source: Source) -> Statement:
    return provenance(__version__, {file.name: sha256_of(file.content) for file in files}, source)


def _text(place: str, option: str) -> str:
    try:
        return Path(place).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        hint = f"Run this in the checkout, or give the file: {option} FILE"
        raise unreadable_text(place, error, hint, "file") from None
