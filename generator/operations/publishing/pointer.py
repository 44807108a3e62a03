"""The signed pointer to the latest version: written by `publish`, followed by whoever gives its address."""

from __future__ import annotations

from datetime import timedelta

from generator import __version__
from generator.errors import DeployerError, Refused
from generator.gateway.aws import Gateway
from generator.model.latest import Latest, latest_statement, read_latest
from generator.model.release import PublishRequest, version_key
from generator.model.signature import NotVerified, sha256_of
from generator.operations.clock import Clock
from generator.operations.publishing.release import Release

CONTENT_TYPE = "application/json"


def current(made: Release) -> Latest | None:
    """What the pointer says now; None where there is none. Raises Refused for one that no trusted key signed."""
    from generator.signing.bundle import verify_statement

    if made.pointer is None:
        return None
    try:
        proven = verify_statement(made.pointer.content.decode("utf-8", "replace"), made.trusted)
        return read_latest(proven.statement)
    except NotVerified as error:
        raise Refused(
            f"{made.pointer_key} is there already, and does not verify with this key.",
            "If an earlier key of yours signed it, name that too: --also-trusted FILE",
            code="pointer-not-ours",
        ) from error


def moves(latest: Latest | None, request: PublishRequest, clock: Clock) -> bool:
    """Whether it is to be written: for a newer version than it names, and for the same one past half of its time."""
    if latest is None or version_key(latest.version) < version_key(__version__):
        return True
    return latest.version == __version__ and latest.expires < clock.now() + timedelta(days=request.days) / 2


def write(gateway: Gateway, made: Release, clock: Clock) -> str:
    """Write it in the place of the one that was read; its key. Raises DeployerError where that is another by now."""
    from generator.signing.bundle import sign_statement

    digests = {f"{__version__}/{file.name}": sha256_of(file.content) for file in made.files}
    latest = Latest(__version__, digests, clock.now() + timedelta(days=made.request.days))
    content, bucket = sign_statement(latest_statement(latest), made.signer).encode(), made.request.bucket
    if made.pointer is None:
        written = gateway.s3.create(bucket, made.pointer_key, content, CONTENT_TYPE)
    else:
        written = gateway.s3.replace(bucket, made.pointer_key, content, CONTENT_TYPE, made.pointer.etag)
    if not written:
        raise DeployerError(
            f"{made.pointer_key} was written by somebody else meanwhile; the version itself is published.",
            "Run it again.",
            code="pointer-moved",
        )
    return made.pointer_key
