"""`verify`: whether a trusted key signed a file, here or at an address, and what its signer says of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from generator.errors import NotFound, UsageError
from generator.model.duration import END_FORMAT
from generator.model.publishing import BUNDLE_SUFFIX, PROVENANCE_SUFFIX, VerifiedFile, VerifiedPointer
from generator.model.release import POINTER
from generator.model.signature import NotVerified, PublicKey, Statement, Verified, sha256_of
from generator.operations.clock import SYSTEM, Clock
from generator.operations.publishing.followed import follow
from generator.operations.publishing.keys import trusted_keys

LARGEST = 1024 * 1024
"""Bytes that are read of a file: CloudFormation takes no longer template from a bucket."""


@dataclass(frozen=True)
class VerifyRequest:
    """What to verify: a file's name or an address; with which keys; with which bundle, "" for those beside it."""

    source: str
    keys: tuple[str, ...] = ()
    bundle: str = ""


def verify(request: VerifyRequest, clock: Clock = SYSTEM) -> VerifiedFile:
    """Verify a file, or a pointer to the latest version, which is its own bundle.

    Raises NotVerified, NotFound where there is no such file, and UsageError for a bad key.
    """
    from generator.signing.bundle import holds_statement

    keys, content = trusted_keys(request.keys), read(request.source)
    named = request.source.partition("?")[0].rpartition("/")[2] == POINTER
    if not request.bundle and (named or holds_statement(content.decode("utf-8", "replace"))):
        return _pointer(request.source, content, keys, clock)
    return _verified(request, content, keys)


def verified_content(request: VerifyRequest) -> tuple[VerifiedFile, bytes]:
    """What was verified, and the very bytes: whoever goes on with them must not read the source again."""
    keys = trusted_keys(request.keys)
    content = read(request.source)
    return _verified(request, content, keys), content


def _pointer(source: str, content: bytes, keys: tuple[PublicKey, ...], clock: Clock) -> VerifiedPointer:
    followed = follow(source, content, keys, clock.now())
    latest = followed.latest
    end = latest.expires.strftime(END_FORMAT)
    return VerifiedPointer(
        source, sha256_of(content), followed.key_id, "pointer", latest.version, expires=end, files=latest.files
    )


def _verified(request: VerifyRequest, content: bytes, keys: tuple[PublicKey, ...]) -> VerifiedFile:
    proofs = [verified(content, text, keys) for text in _bundles(request)]
    statement = next((each.statement for each in proofs if each.statement is not None), None)
    return _described(request.source, content, replace(proofs[0], statement=statement))


def verified(content: bytes, bundle: bytes, keys: tuple[PublicKey, ...]) -> Verified:
    """What one bundle proves of the content. Raises NotVerified."""
    from generator.model.provenance import PREDICATE_TYPE
    from generator.signing.bundle import verify_content

    proven = verify_content(content, bundle.decode("utf-8", "replace"), keys)
    if proven.statement is not None and proven.statement.predicate_type != PREDICATE_TYPE:
        raise NotVerified(
            f"Not verified: the signed statement is of the type {proven.statement.predicate_type}, "
            "which says nothing of where the file comes from.",
            f"Give the bundle that was published with the file, or its provenance: FILE{PROVENANCE_SUFFIX}",
        )
    return proven


def read(source: str) -> bytes:
    """The content of a file or of an address. Raises NotFound, UsageError and DeployerError."""
    if "://" in source:
        from generator.host.download import read_url

        return read_url(source, LARGEST)
    path = Path(source)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise NotFound(f"There is no file {source}.", "Check the path.", code="file-not-found") from None
    if len(content) > LARGEST:
        raise UsageError(f"{source} has more than {LARGEST:,} bytes.", "Give a template or a report.", code="too-large")
    return content


def beside(source: str, suffix: str) -> str:
    """The name of what was published beside a file; the query of an address (`?versionId=`) is the file's own."""
    return f"{source.partition('?')[0] if '://' in source else source}{suffix}"


def _bundles(request: VerifyRequest) -> list[bytes]:
    """The bundle given, or the signature beside the file, and the provenance where there is one."""
    if request.bundle:
        return [read(request.bundle)]
    place = beside(request.source, BUNDLE_SUFFIX)
    try:
        signature = read(place)
    except NotFound:
        raise NotVerified(
            f"Not verified: there is no signature beside the file ({place}).",
            "Fetch it from where the file comes from, or name it: --bundle FILE",
        ) from None
    provenance = _if_any(lambda: read(beside(request.source, PROVENANCE_SUFFIX)))
    return [signature, *([provenance] if provenance is not None else [])]


def _if_any(reading: Callable[[], bytes]) -> bytes | None:
    try:
        return reading()
    except NotFound:
        return None


def _described(source: str, content: bytes, proven: Verified) -> VerifiedFile:
    kind, version, says = _kind(content)
    stated = _says(proven.statement) if proven.statement else ""
    return VerifiedFile(source, proven.sha256, proven.key_id, kind, version, stated or says)


def _kind(content: bytes) -> tuple[str, str, str]:
    """(kind, version, what it says) of content that is verified, so that it may be parsed."""
    from generator.template.adoption import version_of

    text = content.decode("utf-8", "replace")
    if (report := _report(text)) is not None:
        return "report", "", f"the revocation on the stack {report['stack_name']}: {report['verdict']}"
    try:
        version = version_of(text)
    except Exception:  # a signed file may be anything: a changelog is no YAML
        version = ""
    return ("template", version, "") if version else ("file", "", "")


def _report(text: str) -> Mapping[str, object] | None:
    try:
        whole = json.loads(text)
    except ValueError:
        return None
    return whole if isinstance(whole, dict) and {"stack_name", "evidence", "verdict"} <= set(whole) else None


def _says(statement: Statement) -> str:
    from generator.model.provenance import sentence

    return sentence(statement)
