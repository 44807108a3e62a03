"""`verify`: whether a trusted key signed a file, here or at an address, and what its signer says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from generator.errors import NotFound, UsageError
from generator.model.duration import END_FORMAT
from generator.model.json_text import parse_json
from generator.model.provenance import sentence, source_of, version_of
from generator.model.publishing import (
    BUNDLE_SUFFIX,
    PROVENANCE_SUFFIX,
    VerifiedFile,
    VerifiedPointer,
    is_address,
    without_query,
)
from generator.model.release import is_pointer
from generator.model.signature import NotVerified, PublicKey, Verified, sha256_of
from generator.operations.clock import SYSTEM, Clock
from generator.operations.publishing.followed import follow
from generator.operations.publishing.keys import trusted_keys
from generator.operations.publishing.place import published_name, published_place, require_its_place

LARGEST = 1024 * 1024
"""Bytes that are read at an address: CloudFormation takes no longer template from a bucket."""
LARGEST_HERE = 64 * LARGEST
"""Bytes that are read of a file on this computer, which may be a long report."""
REPORT = frozenset({"stack_name", "account", "region", "ended", "evidence", "verdict"})
"""What a report names, of which its verification says a sentence."""


@dataclass(frozen=True)
class VerifyRequest:
    """What to verify: a file's name or an address; with which keys; with which bundle, "" for those beside it.

    `ca_bundle`: the authorities that are trusted at an address, "" for the environment's or the system's.
    """

    source: str
    keys: tuple[str, ...] = ()
    bundle: str = ""
    ca_bundle: str = ""


def verify(request: VerifyRequest, clock: Clock = SYSTEM) -> VerifiedFile:
    """Verify a file, or a pointer to the latest version, which is its own bundle.

    Raises NotVerified, NotFound where there is no such file, and UsageError for a bad key.
    """
    from generator.signing.bundle import holds_statement

    keys, content = trusted_keys(request.keys), read(request.source, request.ca_bundle)
    if not request.bundle and (is_pointer(request.source) or holds_statement(content.decode("utf-8", "replace"))):
        return _pointer(request.source, content, keys, clock)
    return _verified(request, content, keys)


def verified_content(request: VerifyRequest) -> tuple[VerifiedFile, bytes]:
    """What was verified, and the very bytes: whoever goes on with them must not read the source again."""
    keys = trusted_keys(request.keys)
    content = read(request.source, request.ca_bundle)
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


def read(source: str, ca_bundle: str = "") -> bytes:
    """The content of a file or of an address. Raises NotFound, UsageError and DeployerError."""
    if is_address(source):
        from generator.host.download import read_url

        return read_url(source, LARGEST, ca_bundle)
    path = Path(source)
    if not source or path.is_dir():
        raise UsageError(
            f"{source or 'An empty name'} is no file.", "Give a file, or an https address.", code="no-file"
        )
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_HERE + 1)
    except FileNotFoundError:
        raise NotFound(f"There is no file {source}.", "Check the path.", code="file-not-found") from None
    if len(content) > LARGEST_HERE:
        raise UsageError(
            f"{source} has more than {LARGEST_HERE:,} bytes.", "Give a template or a report.", code="too-large"
        )
    return content


def beside(source: str, suffix: str) -> str:
    """The name of what was published beside a file; the query of an address (`?versionId=`) is the file's own."""
    return f"{without_query(source)}{suffix}"


def _bundles(request: VerifyRequest) -> list[bytes]:
    """The bundle given, or the signature beside the file, and the provenance where there is one.

    Beside a bundle that was given, only an address of the published form has its provenance read.
    """
    if request.bundle:
        more = [] if published_place(request.source) is None else _provenance(request)
        return [read(request.bundle, request.ca_bundle), *more]
    place = beside(request.source, BUNDLE_SUFFIX)
    try:
        signature = read(place, request.ca_bundle)
    except NotFound:
        raise _unsigned(request.source, place) from None
    return [signature, *_provenance(request)]


def _provenance(request: VerifyRequest) -> list[bytes]:
    try:
        return [read(beside(request.source, PROVENANCE_SUFFIX), request.ca_bundle)]
    except NotFound:
        return []


def _unsigned(source: str, place: str) -> NotVerified:
    about = without_query(source).removesuffix(BUNDLE_SUFFIX).removesuffix(".provenance")
    if about != without_query(source):
        return NotVerified(
            f"Not verified: {source} is a signature itself, and none is beside it.",
            f"Verify the file that it is about: deployer verify {about}",
        )
    return NotVerified(
        f"Not verified: there is no signature beside the file ({place}).",
        "Fetch it from where the file comes from. If you have it elsewhere: deployer verify FILE --bundle FILE",
    )


def _described(source: str, content: bytes, proven: Verified) -> VerifiedFile:
    """What was proven of a file. Raises NotVerified where it is in the place of another."""
    (kind, version, says), statement = _kind(content), proven.statement
    require_its_place(source, proven.sha256, version, statement)
    if statement is None:
        return VerifiedFile(source, proven.sha256, proven.key_id, kind, version, says)
    name = published_name(source, proven.sha256, statement)
    version = version or version_of(statement)
    ours = sentence(statement)
    made_of = source_of(statement).sentence if ours else ""
    return VerifiedFile(source, proven.sha256, proven.key_id, kind, version, ours or says, name, made_of)


def _kind(content: bytes) -> tuple[str, str, str]:
    """(kind, version, what it says) of content that is verified, so that it may be parsed."""
    from generator.template.adoption import is_template, version_of

    text = content.decode("utf-8", "replace")
    if (report := _report(text)) is not None:
        return "report", "", _of_report(report)
    try:
        return ("template", version_of(text), "") if is_template(text) else ("file", "", "")
    except Exception:  # a signed file may be anything: a changelog is no YAML
        return "file", "", ""


def _report(text: str) -> Mapping[str, object] | None:
    try:
        whole = parse_json(text)
    except ValueError:
        return None
    return whole if isinstance(whole, dict) and set(whole) >= REPORT else None


def _of_report(report: Mapping[str, object]) -> str:
    where = f"{report['stack_name']}, account {report['account']}, region {report['region']}"
    return f"the revocation on the stack {where}, ended {report['ended']}: {report['verdict']}"
